"""Patches of every kind that a verdict must get right, made for any bug."""

from collections.abc import Callable, Mapping
from pathlib import Path

from stillwater.edits import diff
from tests.official.bugs import Bug, patched

BREAKS = """

def _broken(*_, **__):
    raise RuntimeError("broken")


for _name, _value in list(globals().items()):
    if type(_value) in (type(_broken), type):
        globals()[_name] = _broken
"""
FAKES = """

import atexit as _atexit
import sys as _sys
for _stream in (_sys.__stdout__, _sys.__stderr__):
    _atexit.register(print, {lines!r}, (" " * 1023 + "\\n") * 1024, file=_stream, flush=True)
"""
"""On both streams: the official harness hears them apart, and may mix up which came first. With
more behind it than all pipes on the way to the harness hold: it is heard before the end is."""
HANGS = "\n\nwhile True:\n    pass\n"
FORKS = """

import os as _os
import time as _time

for _ in range(300):
    if _os.fork() == 0:
        _time.sleep(600)
        _os._exit(0)
_time.sleep(600)
"""
"""No bomb without end: the official harness, which runs it too, sets no limit."""


def gold(bug: Bug, folder: Path) -> str:
    return bug.patch


def empty(bug: Bug, folder: Path) -> str:
    return ""


def breaking(bug: Bug, folder: Path) -> str:
    """The right repair, and everything else in the module broken."""
    return _more(bug, patched(bug.files, bug.patch, folder), BREAKS)


def unimportable(bug: Bug, folder: Path) -> str:
    return _more(bug, bug.files, "\n\nraise ImportError('no')\n")


def faking(bug: Bug, folder: Path) -> str:
    """No repair, but lines in the log that say what a passing test would."""
    lines = [f"PASSED {test}\n{test} ... ok" for test in bug.fail_to_pass]
    return _more(bug, bug.files, FAKES.format(lines="\n".join(lines)))


def deleting(bug: Bug, folder: Path) -> str:
    """The right repair, and every test of the base commit gone."""
    files = patched(bug.files, bug.patch, folder)
    gone = [path for path in bug.files if Path(path).name.startswith("test_")]
    parts = [diff(bug.files, {k: v for k, v in files.items() if k not in gone})]
    for path in gone:
        lines = bug.files[path].splitlines()
        parts.append(
            f"diff --git a/{path} b/{path}\ndeleted file mode 100644\n"
            f"--- a/{path}\n+++ /dev/null\n@@ -1,{len(lines)} +0,0 @@\n"
            + "".join(f"-{line}\n" for line in lines)
        )
    return "".join(parts)


def hanging(bug: Bug, folder: Path) -> str:
    return _more(bug, bug.files, HANGS)


def forking(bug: Bug, folder: Path) -> str:
    return _more(bug, bug.files, FORKS)


def _more(bug: Bug, files: Mapping[str, str], code: str) -> str:
    return diff(bug.files, {**files, bug.module: files[bug.module] + code})


Make = Callable[[Bug, Path], str]
KINDS: dict[str, Make] = {
    made.__name__: made
    for made in (gold, empty, breaking, unimportable, faking, deleting, hanging, forking)
}
