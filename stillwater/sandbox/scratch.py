"""Throwaway homes and temporary folders, named so that a dead scheduler's can be told apart."""

import hashlib
import itertools
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_NAME = re.compile(r"(?P<pid>\d+)-(?P<started>\d+)")
_numbers = itertools.count()


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])  # proc(5): the name may have spaces


def unique() -> str:
    """A name that no other call, in any process that lives, gets: pid, start time, number."""
    return f"{os.getpid()}-{start_time(os.getpid())}-{next(_numbers)}"


def belongs_to_the_dead(name: str) -> bool:
    """Whether a name made from `unique` is of a process that ended."""
    return _NAME.search(name) is not None and not belongs_to_the_living(name)


def belongs_to_the_living(name: str) -> bool:
    """Whether a name is made from `unique` and of a process that lives."""
    match = _NAME.search(name)
    return match is not None and start_time(int(match["pid"])) == int(match["started"])


def here() -> str:
    """What names this start of the machine and this namespace of processes: only here do the
    process numbers of `unique` say who lives."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text()
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return "0" * 8
    return hashlib.sha256(f"{booted}{space}".encode()).hexdigest()[:8]


@contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """A folder with an empty `home`, `tmp` and `shm`, removed at the end."""
    made = home / "scratch" / unique()
    try:
        for name in ("home", "tmp", "shm"):
            (made / name).mkdir(parents=True)
        yield made
    finally:
        remove(made)


@contextmanager
def folder(what: str) -> Iterator[Path]:
    """A temporary folder, named for what it is, gone at the end whatever modes tests left."""
    made = Path(mkdtemp(prefix=f"stillwater-{what}-"))
    try:
        yield made
    finally:
        remove(made)


def remove(directory: Path) -> None:
    """Remove a folder that untrusted code wrote to, whatever modes it left and however deep it is.

    Folders are moved up before they are emptied, so no path grows and nothing recurs; no link is
    followed, also where one takes a folder's place meanwhile. What can't be removed stays; nothing
    is raised.
    """
    with suppress(OSError), _opened(str(directory), None) as top:
        token, numbers = secrets.token_hex(8), itertools.count()
        waiting = ["."]
        while waiting:
            name = waiting.pop()
            with suppress(OSError), _opened(name, top) as folder:
                for entry in list(os.scandir(folder)):
                    with suppress(OSError):
                        if not entry.is_dir(follow_symlinks=False):
                            os.unlink(entry.name, dir_fd=folder)
                            continue
                        with suppress(OSError), _opened(entry.name, folder):
                            """Opened once, it may be moved."""
                        moved = f"{token}-{next(numbers)}"
                        os.rename(entry.name, moved, src_dir_fd=folder, dst_dir_fd=top)
                        waiting.append(moved)
            if name != ".":
                _unlink(name, top)
    with suppress(OSError):
        directory.rmdir()


def _unlink(name: str, parent: int) -> None:
    """Remove an empty folder, or the link that has taken its place."""
    with suppress(OSError):
        os.rmdir(name, dir_fd=parent)
        return
    with suppress(OSError):
        os.unlink(name, dir_fd=parent)


@contextmanager
def _opened(name: str, parent: int | None) -> Iterator[int]:
    """A descriptor of the folder itself, never of what a link names, which may be changed now."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        folder = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        folder = _forced_open(name, parent)
    try:
        with suppress(OSError):
            os.fchmod(folder, 0o700)
        yield folder
    finally:
        os.close(folder)


def _forced_open(name: str, parent: int | None) -> int:
    """The same of a folder whose mode doesn't let it be read: by Linux's descriptors of paths."""
    flags = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    held = os.open(name, flags, dir_fd=parent)
    try:
        itself = Path(f"/proc/self/fd/{held}")
        itself.chmod(0o700)
        return os.open(itself, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(held)


def reap(home: Path) -> int:
    """Remove the folders of processes that ended; how many."""
    dead = [p for p in (home / "scratch").glob("*") if belongs_to_the_dead(p.name)]
    for path in dead:
        remove(path)
    return len(dead)
