"""Watching how much a job has written: no quota of the file system's is needed."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHECK_SECONDS = 5.0
"""Between two looks; a disk takes a few GiB in that time."""


@contextmanager
def watched(written: Callable[[], int], limit: int) -> Iterator[int]:
    """A descriptor that becomes readable once `written()`, in bytes, is above `limit`.

    `written` is called in a thread of its own; what it raises ends the watching.
    """
    readable, writable = os.pipe()
    watch = _Watch(written, limit, writable)
    threading.Thread(target=watch.run, daemon=True, name="disk").start()
    try:
        yield readable
    finally:
        watch.end()
        os.close(readable)


class _Watch:
    def __init__(self, written: Callable[[], int], limit: int, descriptor: int) -> None:
        self._written = written
        self._limit = limit
        self._descriptor = descriptor
        self._ended = threading.Event()
        self._closing = threading.Lock()

    def run(self) -> None:
        # Whatever is asked may have gone when the job ends, and then nobody wants to know.
        with suppress(Exception):
            while not self._ended.wait(CHECK_SECONDS):
                if self._written() > self._limit:
                    with self._closing:
                        if not self._ended.is_set():
                            os.write(self._descriptor, b"x")
                    return

    def end(self) -> None:
        with self._closing:
            self._ended.set()
            os.close(self._descriptor)


class Folders:
    """What is in some folders of one file system, counted only once its free space has shrunk."""

    def __init__(self, folders: tuple[Path, ...], limit: int) -> None:
        self._folders = folders
        self._limit = limit
        self._free = self._free_now()

    def written(self) -> int:
        """Bytes on the disk in the folders; 0 while the file system has not lost that much."""
        if self._free - self._free_now() <= self._limit // 2:
            return 0
        return sum(_used(folder) for folder in self._folders)

    def _free_now(self) -> int:
        found = os.statvfs(self._folders[0])
        return found.f_bfree * found.f_frsize


def _used(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(root, name).lstat().st_blocks * 512
            except OSError:
                continue
    return total
