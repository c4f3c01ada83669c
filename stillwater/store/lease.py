"""One scheduler a database: a lock that the kernel holds, and so frees whatever ends the holder."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stillwater.errors import InputError
from stillwater.store.errors import sentences
from stillwater.store.times import Clock, stamp, utc_now

PATIENCE = 0.2
"""Seconds to wait for a holder that has the lock but has not yet written its name."""


class LeaseHeld(InputError):
    """Another scheduler works on the database."""


class SchedulerLease:
    """The right to be a database's scheduler; `SchedulerLease.acquire` is the way to it."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    @contextmanager
    def acquire(cls, path: Path, run_id: str, clock: Clock = utc_now) -> Iterator["SchedulerLease"]:
        """Hold the lease of the database at `path` within; the file `<path>.lock` says who does.

        Raises:
            LeaseHeld: another scheduler holds it.
        """
        file = _file(path)
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": stamp(clock()),
            "run": run_id,
        }
        lock = FileLock(
            file,
            thread_local=False,
            # Without the kernel's lock, kill -9 would leave the database locked for ever.
            fallback_to_soft=False,
            preserve_lock_file=True,
            on_acquired=lambda handle: _write(handle, json.dumps(holder).encode()),
        )
        with sentences(file):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                raise LeaseHeld(_held(path, file)) from None
        try:
            yield cls(path, lock)
        finally:
            # While the lock is still held, so that no successor's name is lost.
            with suppress(OSError):
                os.truncate(file, 0)
            lock.release()


def holder(path: Path) -> dict[str, Any] | None:
    """Who the lock file of the database at `path` names: pid, host, started_at, run.

    It tells who held the lease last; after kill -9 that name stays until the next acquires.
    """
    try:
        found = json.loads(_file(path).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _file(path: Path) -> Path:
    # Resolved, so that two names of one database have one lock.
    path = path.resolve()
    return path.with_name(path.name + ".lock")


def _write(handle: int, content: bytes) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, content, 0)


def _held(path: Path, file: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while (found := holder(path)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if found is None:
        return f"another scheduler holds {path}; wait for it, or find it with `fuser {file}`"
    pid, host = found.get("pid"), found.get("host")
    here = "" if host == socket.gethostname() else f" on {host}"
    return (
        f"another scheduler (pid {pid} on {host}, since {found.get('started_at')}, run "
        f"{found.get('run')}) holds {path}; wait for it, or stop it with `kill {pid}`{here}"
    )
