"""One scheduler a database: a lock that the kernel holds, and a sign of life that is renewed.

The kernel frees the lock whatever ends its holder, so a dead scheduler's work is taken over at
once. One that is paused (SIGSTOP, a frozen container) still has the lock; when its sign of life is
older than its lease, the next takes the lock's file away and begins a new epoch, after which the
database refuses the commits of the old one. Why: docs/decisions/003-kernel-lock.md.
"""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stillwater.errors import InputError
from stillwater.store.errors import LOST, TakenOver, sentences
from stillwater.store.times import Clock, stamp, utc_now
from stillwater.where import Database, Server

LEASE_SECONDS = 30.0
"""How long a scheduler may give no sign of life before another may take over."""
RENEWALS = 3
"""Signs of life within one lease."""
PATIENCE = 0.2
"""Seconds to wait for a holder that has the lock but has not yet written its name."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class LeaseHeld(InputError):
    """Another scheduler works on the database."""


class Lease:
    """The right to be a database's scheduler."""

    backend: int | None = None
    """The connection that a server holds it for; None where the database is a file."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names
        """Who holds it: pid, host, boot_id, started_at, run, lease_seconds."""

    def is_held(self) -> bool:
        """Whether it is held still."""
        raise NotImplementedError

    def require(self) -> None:
        """Raise TakenOver where it isn't."""
        if not self.is_held():
            raise TakenOver(LOST)


def names_of(run_id: str, seconds: float, clock: Clock) -> dict[str, Any]:
    """Who this process is, for those who find the lease held."""
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "boot_id": boot_id(),
        "started_at": stamp(clock()),
        "run": run_id,
        "lease_seconds": seconds,
    }


class SchedulerLease(Lease):
    """The lease of a file; `SchedulerLease.acquire` is the way to that of any database."""

    def __init__(self, path: Path, handle: int, names: Mapping[str, Any]) -> None:
        super().__init__(names)
        self.path = path
        self._handle = handle

    @classmethod
    @contextmanager
    def acquire(
        cls,
        db: Database,
        run_id: str,
        seconds: float = LEASE_SECONDS,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Iterator[Lease]:
        """Hold the lease of the database within; of a file, `<path>.lock` says who does.

        Raises:
            LeaseHeld: another scheduler holds it, and has given a sign of life.
        """
        if isinstance(db, Server):
            from stillwater.store.postgresql import lease as server

            with server.held(db, run_id, seconds, clock) as found:
                yield found
            return
        with cls._acquire(db, names_of(run_id, seconds, clock), monotonic) as lease:
            yield lease

    @classmethod
    @contextmanager
    def _acquire(
        cls, path: Path, names: Mapping[str, Any], monotonic: Callable[[], float]
    ) -> Iterator["SchedulerLease"]:
        file = _file(path)
        handles: list[int] = []
        lock = FileLock(
            file,
            thread_local=False,
            # Without the kernel's lock, kill -9 would leave the database locked for ever.
            fallback_to_soft=False,
            preserve_lock_file=True,
            on_acquired=handles.append,
        )
        with sentences(file):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                if not _taken_away(lock, path, file, monotonic):
                    raise LeaseHeld(_held(path, file)) from None
        lease = cls(path, handles[-1], names)
        try:
            with sentences(file):
                lease._renew(monotonic)
            with lease._renewing(monotonic):
                yield lease
        finally:
            # While the lock is still held, so that no successor's name is lost.
            with suppress(OSError):
                os.ftruncate(lease._handle, 0)
            lock.release()

    def is_held(self) -> bool:
        """Whether no other scheduler has taken the lock's file away."""
        try:
            return os.path.samestat(_file(self.path).stat(), os.fstat(self._handle))
        except OSError:
            return False

    @contextmanager
    def _renewing(self, monotonic: Callable[[], float]) -> Iterator[None]:
        ended = threading.Event()

        def go_on() -> None:
            while not ended.wait(self.names["lease_seconds"] / RENEWALS):
                with suppress(OSError):
                    self._renew(monotonic)

        thread = threading.Thread(target=go_on, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _renew(self, monotonic: Callable[[], float]) -> None:
        # Of one length every time, so that no reader sees half of an old and half of a new one.
        content = json.dumps(self.names)[:-1] + f', "renewed": {monotonic():20.3f}}}'
        os.pwrite(self._handle, content.encode(), 0)


def boot_id() -> str:
    """What tells this start of the machine from every other; empty where the kernel doesn't say."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def holder(db: Database) -> dict[str, Any] | None:
    """Who the lock file of the database names: pid, host, started_at, run.

    It tells who held the lease last; after kill -9 that name stays until the next acquires. Of a
    server's it is who holds the lease now, and `connected` says so; who that is may be unknown.
    """
    if isinstance(db, Server):
        from stillwater.store.postgresql import lease as server

        return server.holder(db)
    try:
        found = json.loads(_file(db).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_silent(found: Mapping[str, Any], monotonic: Callable[[], float] = time.monotonic) -> bool:
    """Whether a holder has given no sign of life for as long as its lease.

    Only the monotonic clock of one start of the machine is trusted: it doesn't jump, and doesn't
    run while the machine sleeps. Of another machine's holder nothing can be told.
    """
    renewed, seconds = found.get("renewed"), found.get("lease_seconds")
    if not isinstance(renewed, int | float) or not isinstance(seconds, int | float):
        return False
    here = boot_id()
    return bool(here) and found.get("boot_id") == here and monotonic() - renewed > seconds


def _taken_away(lock: FileLock, path: Path, file: Path, monotonic: Callable[[], float]) -> bool:
    """Take the lock from a holder that is silent; False if there is none such.

    One at a time does so (the folder is locked meanwhile), and the next sees a new name.
    Who waited on the old file finds it gone from the folder, and asks for the new one.
    """
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = holder(path)
        if found is None or not is_silent(found, monotonic):
            return False
        file.unlink(missing_ok=True)
        lock.acquire(blocking=False)
    except (BlockingIOError, Timeout):
        return False
    finally:
        os.close(folder)
    return True


def _file(path: Path) -> Path:
    # Resolved, so that two names of one database have one lock.
    path = path.resolve()
    return path.with_name(path.name + ".lock")


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
