"""Having a test command tell which functions its tests call, and reading what it told."""

import base64
import binascii
import json
import re
import shlex
import zlib
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from stillwater.injected import injected

MARK = "STILLWATER-CALLS"
FOLDER = "STILLWATER_CALLS"
_TOLD = re.compile(rb"^" + MARK.encode() + rb" (?P<packed>[A-Za-z0-9+/=]*)$", re.MULTILINE)
_MOST_BYTES = 16 << 20
_LONGEST = 200
"""Characters of a call."""

Calls = Mapping[str, Mapping["Place", str]]
"""By test: the functions that it called, each with one call as it was made and ended, or ""."""


class Place(NamedTuple):
    """Where a function begins."""

    path: str
    line: int


def telling(command: str, root: str | None = None) -> str:
    """The command, with each Python that it starts noting calls below `root`, and telling at last.

    `root` is where the command starts, if not given. Its exit code stays. What is told comes after
    all that it prints.
    """
    where = shlex.quote(root) if root else '"$(pwd -P)"'
    pack = (
        "import base64, glob, sys, zlib; "
        "print(sys.argv[2], base64.b64encode(zlib.compress(b'\\n'.join("
        "open(f, 'rb').read() for f in glob.glob(sys.argv[1] + '/calls.*')))).decode())"
    )
    last = f"""\
for python in python3 python; do
  $python -c "{pack}" "${FOLDER}" {MARK} 2>/dev/null && break
done"""
    tracer = files(__package__).joinpath("tracer.py").read_bytes()
    named = {"sitecustomize.py": tracer}
    return injected(command, FOLDER, named, f"STILLWATER_ROOT={where}", last)


def told(log: bytes) -> Calls:
    """What `telling` had the command tell; nothing where it didn't, or told nonsense."""
    found = list(_TOLD.finditer(log))
    if not found:
        return {}
    try:
        inflated = zlib.decompressobj()
        text = inflated.decompress(base64.b64decode(found[-1]["packed"]), _MOST_BYTES)
        return _calls([json.loads(line) for line in text.splitlines() if line])
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return {}


def _calls(parts: list[object]) -> Calls:
    calls: dict[str, dict[Place, str]] = {}
    for part in parts:
        for test, places in part.items() if isinstance(part, dict) else ():
            listed = places if isinstance(places, list) else ()
            known = calls.setdefault(test, {})
            for place, how in filter(None, map(_call, listed)):
                # Of several processes, none is the first.
                known[place] = min(filter(None, (known.get(place), how)), default="")
    return calls


def _call(told: object) -> tuple[Place, str] | None:
    match told:
        case [str(path), int(line), str(how)]:
            return Place(path, line), how if len(how) <= _LONGEST else ""
        case _:
            return None
