"""Faults of system calls, by strace: on the files of the database alone, at the n-th call."""

from pathlib import Path

from tests.faults.world import World

SYNCS = "fsync,fdatasync"


def traced(
    world: World, calls: str, what: str, *paths: Path, threads: bool = False
) -> tuple[str, ...]:
    """The words that start a process with `what` injected into `calls` on these files.

    Only the main thread is traced, which alone writes to the database, unless `threads` is set.
    """
    files = paths or (world.db, wal(world))
    return (
        "strace", "-qq", *(("-f",) if threads else ()), "-o", str(world.folder / "strace.txt"),
        *(word for path in files for word in ("-P", str(path))),
        "-e", f"trace={calls}", "-e", f"inject={calls}:{what}",
    )  # fmt: skip


def wal(world: World) -> Path:
    """The database's write-ahead log."""
    return world.db.with_name(world.db.name + "-wal")


def heads(world: World) -> Path:
    """The file of heads beside the database."""
    return world.db.with_name(world.db.name + ".heads")
