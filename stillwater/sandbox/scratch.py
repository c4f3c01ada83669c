"""Throwaway homes and temporary folders, named so that a dead scheduler's can be told apart."""

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

    Folders are moved up before they are emptied, so no path grows and nothing recurs. What can't
    be removed stays; nothing is raised.
    """
    if directory.is_symlink() or not directory.is_dir():
        return
    token, numbers = secrets.token_hex(8), itertools.count()
    waiting = [directory]
    while waiting:
        folder = waiting.pop()
        with suppress(OSError):
            folder.chmod(0o700)
            for entry in list(os.scandir(folder)):
                with suppress(OSError):
                    path = Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        path.chmod(0o700)
                        waiting.append(path.rename(directory / f"{token}-{next(numbers)}"))
                    else:
                        path.unlink()
            if folder is not directory:
                folder.rmdir()
    with suppress(OSError):
        directory.rmdir()


def reap(home: Path) -> int:
    """Remove the folders of processes that ended; how many."""
    dead = [p for p in (home / "scratch").glob("*") if belongs_to_the_dead(p.name)]
    for path in dead:
        remove(path)
    return len(dead)
