"""What a job may see and change, as mounts for an empty root and as paths for Landlock.

A mount is (kind, target, source): `read` and `write` bind a host path, `hide` covers with an
empty directory, `seal` makes that one read-only, `guard` a part of /proc, and `symlink`, `proc` and
`dev` are what they say.
"""

import os
import pwd
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TESTBED = "/testbed"
HOME = "/testhome"
TEMPORARY = "/tmp"  # noqa: S108 - the job's own, never the machine's
SHARED = "/dev/shm"  # noqa: S108 - the same

PRIVATE = (
    *("/home", "/root", "/run", "/var/run", "/tmp", "/var/tmp", "/mnt", "/media", "/srv"),  # noqa: S108
    *("/var/log", "/var/spool", "/var/backups", "/etc/ssh", "/etc/ssl/private"),
)
PASSWORDS = ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-")
"""Files that only root can read: Stillwater may be root's."""
GUARDED = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")
"""The machine's own, not a process's: root may write there even without any capability."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/nix", "/sys")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")

_BESIDE = r"(?:-wal|-shm|-journal|\.heads|\.lock|\.schema-[\w.-]+)?"
"""How the names of files end that a database has beside its own."""

Mount = tuple[str, str, str]


@dataclass(frozen=True)
class View:
    """`writable` maps targets to host paths; `hidden` is empty inside except for the rest.

    `covered` are files that can't be read where the rest would show them.
    """

    writable: Mapping[str, Path]
    readable: frozenset[Path]
    hidden: frozenset[Path]
    covered: frozenset[Path] = frozenset()


def hidden(also: Iterable[Path] = ()) -> frozenset[Path]:
    """The directories that hold people's things, and `also` others."""
    homes = [Path(pwd.getpwuid(os.getuid()).pw_dir)] if _has_account() else []
    homes.append(Path(os.environ.get("HOME", "/root")))
    people = [home.resolve() for home in homes if not _is_system(home.resolve())]
    private = [Path(p).resolve() for p in PRIVATE]
    return frozenset(p for p in (*private, *people, *(a.resolve() for a in also)) if p.is_dir())


def belonging_to(home: Path) -> frozenset[Path]:
    """The files of the database whose folder that is (where.folder): its record, heads, backups."""
    stem = home.name.removeprefix(".")
    named = re.compile(rf"{re.escape(stem)}(?:\.\w{{1,10}})?{_BESIDE}")
    try:
        beside = [one for one in home.parent.iterdir() if named.fullmatch(one.name)]
    except OSError:
        return frozenset()
    return frozenset(one for one in beside if one.is_file() and not one.is_symlink())


def _has_account() -> bool:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


@lru_cache
def _is_system(path: Path) -> bool:
    """Whether hiding it would hide the system: service accounts have homes like /usr/sbin."""
    return any(path.is_relative_to(s) or Path(s).is_relative_to(path) for s in SYSTEM)


def is_hidden(path: Path, among: Iterable[Path]) -> bool:
    """Whether `path` is, or lies in, one of those directories."""
    return any(path.is_relative_to(h) for h in among)


def reveal(paths: Iterable[Path], among: frozenset[Path]) -> frozenset[Path]:
    """Those paths, and what their symlinks mean, that must be bound back to be seen.

    Nobody's whole home is ever revealed, nor what contains one.
    """
    never = hidden()
    found = {form for path in paths for form in (path.absolute(), path.resolve())}
    return frozenset(
        path
        for path in found
        if path.exists()
        and is_hidden(path, among)
        and not any(h.is_relative_to(path) for h in never)
    )


def interpreters(directory: Path) -> set[Path]:
    """The prefixes that the Pythons in `directory` (a bin folder) need, through every symlink."""
    prefixes = set()
    for python in directory.glob("python*"):
        hop = python
        for _ in range(40):  # as many symlinks as Linux follows
            prefixes.add(hop.parent.parent)
            if not hop.is_symlink():
                break
            hop = hop.parent / hop.readlink()
    return {p for p in prefixes if _is_python(p)} | _named_by_venv(directory.parent)


def _is_python(prefix: Path) -> bool:
    if (prefix / "pyvenv.cfg").is_file():
        return True
    return any(True for _ in prefix.glob("lib*/python3*/os.py"))


def _named_by_venv(prefix: Path) -> set[Path]:
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return set()
    pairs = [line.partition("=") for line in lines]
    return {Path(v.strip()).parent for k, _, v in pairs if k.strip() == "home"}


@lru_cache
def own_interpreter() -> frozenset[Path]:
    """What the Python that runs Stillwater needs."""
    here = Path(sys.executable).parent
    return frozenset({Path(sys.prefix), Path(sys.base_prefix), *interpreters(here)})


def needed_by(path: str) -> set[Path]:
    """What the programs on this PATH need: each folder, and the whole of each Python's prefix.

    Not the parents of other folders: ~/.cargo/bin has credentials beside it.
    """
    needed: set[Path] = set()
    for name in filter(os.path.isabs, path.split(os.pathsep)):
        directory = Path(name)
        needed |= {directory, *interpreters(directory)}
        if directory.name == "shims" and (directory.parent / "versions").is_dir():
            needed.add(directory.parent)  # pyenv's: scripts that look for it there
    return needed


def mounts(view: View) -> list[Mount]:
    """The view as mounts, in order, beginning with an empty root."""
    plan: list[Mount] = []
    own = {*view.hidden, *map(Path, ("/proc", "/dev", TESTBED, HOME))}
    for entry in sorted(set(Path("/").iterdir()) - own):
        if entry.is_symlink():
            plan.append(("symlink", str(entry), str(entry.readlink())))
        elif entry.is_dir():
            plan.append(("read", str(entry), str(entry)))
    covers: list[Mount] = [("hide", p, "") for p in _covers(view.hidden, view.readable)]
    binds = [("read", str(path), str(path)) for path in view.readable]
    writable = [("write", target, str(source)) for target, source in view.writable.items()]
    shared = [one for one in writable if one[1] == SHARED]
    binds += [one for one in writable if one[1] != SHARED]
    plan += sorted(covers + binds, key=lambda m: (m[1].count("/"), m[1]))
    shown = (one for one in view.covered if _is_shown(one, view.hidden, view.readable))
    secret = [*PASSWORDS, *map(str, shown)]
    plan += [("read", path, os.devnull) for path in secret if Path(path).is_file()]
    plan += [("proc", "/proc", ""), ("dev", "/dev", ""), *shared, ("seal", "/dev", "")]
    plan += [("guard", path, path) for path in GUARDED if Path(path).exists()]
    replaced = {target for _, target, _ in binds}
    plan += [("seal", target, "") for _, target, _ in covers if target not in replaced]
    return [*plan, ("seal", "/", "")]


def _is_shown(path: Path, hidden_: frozenset[Path], readable: frozenset[Path]) -> bool:
    """Whether the nearest special folder above it is shown, or there is none."""
    above = [one for one in hidden_ | readable if one != path and path.is_relative_to(one)]
    return not above or max(above, key=lambda one: len(one.parts)) not in hidden_


@lru_cache
def _covers(hidden_: frozenset[Path], readable: frozenset[Path]) -> tuple[str, ...]:
    """Those of `hidden_` that the nearest special folder above would show. Names alone decide."""
    return tuple(str(path) for path in hidden_ if _is_shown(path, hidden_, readable))


def allowed(view: View) -> dict[str, list[str]]:
    """The view as paths that may be read and paths that may be written."""
    unseen = view.hidden | view.covered | set(map(Path, PASSWORDS))
    read = [str(p) for p in _visible(Path("/"), unseen)]
    for path in view.readable:
        within = frozenset(h for h in view.hidden | view.covered if h.is_relative_to(path))
        read += [str(p) for p in _visible(path, within)]
    write = [str(path) for path in view.writable.values()]
    return {"read": read, "write": write + [f"/dev/{name}" for name in DEVICES]}


def _visible(path: Path, hidden_: frozenset[Path]) -> list[Path]:
    if path in hidden_ or path.is_symlink() or str(path) == "/dev":
        return []
    if not any(h.is_relative_to(path) for h in hidden_):
        return [path]
    try:
        entries = sorted(path.iterdir())
    except OSError:
        return []
    return [found for entry in entries for found in _visible(entry, hidden_)]
