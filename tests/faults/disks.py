"""Disks: full, broken, too small; under the database, the heads, the work trees, everything."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.inject import SYNCS, heads, traced
from tests.faults.registry import fault, mounts, strace
from tests.faults.world import World, waits


@fault("disk full under the database", "strace fails all writes with ENOSPC from some on", strace)
def full_database(world: World) -> None:
    for _ in range(2):
        number = world.chance.randint(1, 50)
        before = traced(world, "pwrite64", f"error=ENOSPC:when={number}+")
        world.ended(world.start(before=before), 1)
    assert "is full" in world.said


@fault("I/O error of the database", "strace fails some fsync, write or read with EIO", strace)
def broken_database(world: World) -> None:
    for calls in world.chance.sample((SYNCS, "pwrite64", "pread64"), 3):
        number = world.chance.randint(1, 12)
        before = traced(world, calls, f"error=EIO:when={number}+")
        world.ended(world.start(before=before), 1, 2)


@fault("disk full under the heads", "strace fails writes of the heads with ENOSPC, EIO", strace)
def full_heads(world: World) -> None:
    error = world.chance.choice(("ENOSPC", "EIO"))
    calls = world.chance.choice((SYNCS, "pwrite64", "ftruncate"))
    what = f"error={error}:when=1..{world.chance.randint(1, 2)}"
    world.ended(world.start(before=traced(world, calls, what, heads(world), threads=True)))


@fault("disk full under work trees", "a disk of 64 kB, full, mounted over them for a while", mounts)
def full_work(world: World) -> None:
    work = world.home / "work"
    work.mkdir(parents=True)
    with disk(work, "64k"):
        process = world.start()
        world.until(world.is_begun, process)
        ballast = work / "ballast"
        # A file of zeros as large as the disk takes: no work tree fits beside.
        _fill(ballast)
        try:
            world.until(lambda: waits(world), process)
        finally:
            ballast.unlink(missing_ok=True)
        world.ended(process, 1)


@fault("disk full under everything", "a disk of 8 MB, filled after a random transition", mounts)
def full_everything(world: World) -> None:
    with disk(world.folder, "8m"):
        world.prepare()
        process = world.start()
        world.until_committed(process, world.chance.randint(0, 8))
        ballast = world.folder / "ballast"
        _fill(ballast)
        world.until(lambda: waits(world), process)
        ballast.unlink()
        world.ended(process, 1, 2)
        world.finish()
        subprocess.run(["cp", "-a", f"{world.folder}/.", f"{world.folder}.kept"], check=True)
    subprocess.run(["cp", "-a", f"{world.folder}.kept/.", str(world.folder)], check=True)
    subprocess.run(["rm", "-rf", f"{world.folder}.kept"], check=True)


def _fill(file: Path) -> None:
    words = ["dd", "if=/dev/zero", f"of={file}", "bs=1k"]
    subprocess.run(words, capture_output=True, check=False)


@contextmanager
def disk(at: Path, size: str) -> Iterator[None]:
    """A small disk mounted there, gone at the end."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(at)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)
