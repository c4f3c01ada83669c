"""How much disk a job holds, looked at every few seconds while it runs.

Neither overlayfs nor a plain folder has a quota that could be set without owning the file system,
so a job may overshoot by what it writes between two looks; one file can't, `file_bytes` bounds it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from stillwater.background import begin

WALL = "watched, every few seconds"
INTERVAL = 2.0  # seconds between two looks
SHARE = 0.05  # of the time that looking may take, so that large trees are looked at less often
BLOCK = 512  # stat(2)'s, whatever the file system's is
LEAST = 4096  # what an entry counts, though it be empty: inodes run out too


def used(folders: Iterable[Path]) -> int:
    """Bytes on the disk of all that is in the folders; what vanishes meanwhile is passed over."""
    total = 0
    waiting = [os.fspath(folder) for folder in folders]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += _size(entry)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
    return total


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return max(LEAST, entry.stat(follow_symlinks=False).st_blocks * BLOCK)
    except OSError:
        return 0


@contextmanager
def watch(measure: Callable[[], int], limit: int) -> Iterator[int]:
    """A descriptor that becomes readable once `measure` gives more than `limit` bytes.

    Looks from a thread of its own, so that reading the job's output never waits for it. A look
    that fails with OSError ends the watch: what runs is bounded by its other limits.
    """
    full, tell = os.pipe()
    over = threading.Event()
    begin(partial(_look, measure, limit, tell, over))
    try:
        yield full
    finally:
        over.set()
        os.close(full)


def _look(measure: Callable[[], int], limit: int, tell: int, over: threading.Event) -> None:
    """Look until it is over; nobody waits for a look that is under way then."""
    pause = INTERVAL
    with suppress(OSError):  # what is looked at is gone, or nobody listens any more
        while not over.wait(pause):
            begun = time.monotonic()
            if measure() > limit:
                os.write(tell, b"\n")
                break
            pause = max(INTERVAL, (time.monotonic() - begun) / SHARE)
    over.wait()  # closing makes the other end readable
    os.close(tell)
