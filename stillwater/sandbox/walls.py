"""The walls of the local sandbox, strongest first; each is tried for real before it is trusted.

`bubblewrap` is the program of that name; `namespaces` is namespaces.py, which needs nothing but
the kernel's permission; `landlock` denies paths, and with seccomp sockets, where neither works;
`rlimits` walls nothing.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stillwater.sandbox import disk, groups, layout
from stillwater.sandbox.layout import HOME, SHARED, TEMPORARY, TESTBED, View
from stillwater.sandbox.process import LAUNCHER, PYTHON
from stillwater.sandbox.protocol import Limits

KINDS = ("bubblewrap", "namespaces", "landlock", "rlimits")
NAMESPACES = Path(__file__).with_name("namespaces.py")
BUBBLEWRAP = {
    "read": "--ro-bind",
    "write": "--bind",
    "hide": "--tmpfs",
    "seal": "--remount-ro",
    "guard": "--ro-bind",
    "symlink": "--symlink",
    "proc": "--proc",
    "dev": "--dev",
}


@dataclass(frozen=True)
class Task:
    """One command for the walls, from `tree`'s root, with `scratch` as its home and TMPDIR.

    `readable` are paths to show though they are hidden, `writable` further ones it may change,
    `covered` files that it can't read.
    """

    tree: Path
    scratch: Path
    command: str
    path: str
    variables: Mapping[str, str] = field(default_factory=dict)
    readable: frozenset[Path] = frozenset()
    writable: frozenset[Path] = frozenset()
    hidden: frozenset[Path] = frozenset()
    covered: frozenset[Path] = frozenset()
    network: bool = False
    limits: Limits = field(default_factory=Limits)
    at: str = TESTBED


def own_root(kind: str) -> bool:
    """Whether the command sees a root of its own, so that the tree can be at /testbed."""
    return kind in ("bubblewrap", "namespaces")


def wrapper(kind: str, task: Task) -> list[str]:
    """The command line to put before the launcher's."""
    if kind == "bubblewrap":
        flags = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        flags += ["--share-net"] if task.network else []
        for operation, target, source in layout.mounts(view(kind, task)):
            flags += [BUBBLEWRAP[operation], *([source] if source else []), target]
        return [shutil.which("bwrap") or "bwrap", *flags, "--"]
    if kind == "namespaces":
        plan = json.dumps(layout.mounts(view(kind, task)))
        return [*PYTHON, str(NAMESPACES), "shared" if task.network else "none", plan]
    return []


def specification(kind: str, task: Task, grouped: bool) -> dict[str, object]:
    """What the launcher is told; `grouped` when a control group already bounds the whole."""
    limits = {"FSIZE": task.limits.file_bytes, "CORE": 0}
    if not grouped:
        # Counted for each user in a user namespace of its own; else for the user's all.
        others = 0 if own_root(kind) else _own_tasks()
        limits |= {"AS": task.limits.memory_bytes, "NPROC": task.limits.pids + others}
    landlock = None
    if kind == "landlock":
        landlock = {**layout.allowed(view(kind, task)), "tcp": task.network}
    return {
        "command": task.command,
        "directory": task.at if own_root(kind) else str(task.tree),
        "variables": variables(kind, task),
        "limits": limits,
        "landlock": landlock,
        "own_world": own_root(kind),
    }


def variables(kind: str, task: Task) -> dict[str, str]:
    """The whole environment of the command: nothing of the parent's."""
    inside = own_root(kind)
    return {
        "PATH": task.path,
        "HOME": HOME if inside else str(task.scratch / "home"),
        "TMPDIR": TEMPORARY if inside else str(task.scratch / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "NO_COLOR": "1",
        **task.variables,
    }


def view(kind: str, task: Task) -> View:
    """What the task may see and change."""
    home, temporary = task.scratch / "home", task.scratch / "tmp"
    if own_root(kind):
        own = {task.at: task.tree, HOME: home, TEMPORARY: temporary, SHARED: task.scratch / "shm"}
    else:
        own = {str(p): p for p in (task.tree, home, temporary)}
    own |= {str(path): path for path in task.writable}
    shown = {*task.readable, *layout.own_interpreter(), LAUNCHER}
    return View(own, layout.reveal(shown, task.hidden), task.hidden, task.covered)


def _own_tasks() -> int:
    """How many threads this user has now: RLIMIT_NPROC counts them too."""
    count = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.stat().st_uid == os.getuid():
                count += entry.joinpath("task").stat().st_nlink - 2
        except OSError:
            continue
    return count


def plausible(kind: str) -> bool:
    """Whether trying it makes sense."""
    if kind == "bubblewrap":
        return shutil.which("bwrap") is not None
    return kind == "rlimits" or sys.platform == "linux"


def describe(kind: str, grouped: bool) -> dict[str, str]:
    """Each wall, and what makes it."""
    root = not grouped and os.geteuid() == 0
    counts = {
        "pids": "none" if root else "rlimit",
        "memory": "rlimit, for each process",
    }
    if grouped:
        counts = dict.fromkeys(counts, "control group")
    counts["cpu"] = "control group" if grouped and groups.bounds_cpu() else "none"
    makers = {
        "bubblewrap": ("bubblewrap", "bubblewrap", "bubblewrap", "bubblewrap"),
        "namespaces": ("namespaces", "namespaces", "namespaces", "namespaces"),
        "landlock": ("seccomp", "Landlock", "Landlock", "subreaper"),
        "rlimits": ("none", "none", "none", "subreaper"),
    }
    named = zip(("network", "writes", "reads", "processes"), makers[kind], strict=True)
    return {**dict(named), **counts, "files": "rlimit, for each file", "disk": disk.WALL}
