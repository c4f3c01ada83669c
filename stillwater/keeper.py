"""Keeping the head of the chain outside its database while a scheduler works on it.

A thread reads the head from the database twice a second and appends it, fsynced, to the file
beside. No commit waits for that. What is committed is durable before the thread can see it, so the
file may be behind the database, by what a second brings, but is never ahead of it.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import Connection, text

from stillwater.errors import StillwaterError
from stillwater.heads import Head, beside
from stillwater.notes import Notes
from stillwater.store.engine import connect, reading
from stillwater.store.migrate import sync
from stillwater.store.times import Clock, stamp, utc_now
from stillwater.where import Database

SECONDS = 0.5
"""How long commits are grouped; with what a read and an fsync take it stays below a second."""
NOTE_SECONDS = 60.0
"""How often a head is committed to git, at most."""
STOP_SECONDS = 5.0
"""How long the end of a run waits for a disk or a git that doesn't answer."""
TAIL = 4096

LAST = text("SELECT id, sha256 FROM transitions ORDER BY id DESC LIMIT 1")


Sign = Callable[[Head], Head]


def unsigned(head: Head) -> Head:
    """The head as it is, where there is no key."""
    return head


@dataclass
class Keeper:
    """Keeps the heads of the database while it is entered, and the last one on leaving.

    `sign` gives each its signature.
    """

    db: Database
    notes: Notes | None = None
    seconds: float = SECONDS
    clock: Clock = utc_now
    sign: Sign = unsigned

    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _kept: str | None = field(default=None, init=False)
    _noted: str | None = field(default=None, init=False)
    _next_note: float = field(default=0.0, init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="heads", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        log = structlog.get_logger()
        try:
            connection = connect(self.db, read_only=True)
        except StillwaterError as failure:
            log.error("no heads are kept", reason=str(failure))
            return
        try:
            ending = False
            while True:
                try:
                    self._keep(connection, ending=ending)
                # A head that isn't kept now is kept with the next one; a run doesn't end for it.
                except Exception as failure:
                    log.warning("head not kept", reason=str(failure))
                if ending:
                    return
                ending = self._stop.wait(self.seconds)
        finally:
            connection.close()

    def _keep(self, connection: Connection, *, ending: bool) -> None:
        with reading(connection):
            row = connection.execute(LAST).first()
        if row is None:
            return
        due = ending or time.monotonic() >= self._next_note
        to_note = self.notes is not None and due and row.sha256 != self._noted
        if row.sha256 == self._kept and not to_note:
            return
        head = self.sign(Head(row.sha256, row.id, stamp(self.clock())))
        if head.sha256 != self._kept:
            append(beside(self.db), head)
            self._kept = head.sha256
        if self.notes and to_note:
            self._next_note = time.monotonic() + NOTE_SECONDS
            self.notes.add(head)
            self._noted = head.sha256


def catch_up(db: Database, notes: Notes | None = None, sign: Sign = unsigned) -> None:
    """Keep the last head of a database that no scheduler works on: one that was killed right after
    its last commit left the file behind."""
    with Keeper(db, notes, sign=sign):
        pass


def append(file: Path, head: Head) -> None:
    """Write the head to the end of the file, on disk when this returns; not twice in a row.

    A line that a power cut left incomplete is taken away first: nobody was told of it.
    """
    existed = file.exists()
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        size = os.fstat(handle).st_size
        tail = os.pread(handle, TAIL, max(0, size - TAIL))
        whole, newline, torn = tail.rpartition(b"\n")
        size -= len(torn)
        last = (whole + newline)[:-1].rpartition(b"\n")[2].decode("ascii", "replace").split()
        if last[:2] == [str(head.id), head.sha256] and not torn:
            return
        os.ftruncate(handle, size)
        try:
            _write(handle, f"{head}\n".encode(), size)
        except OSError:
            os.ftruncate(handle, size)
            raise
        os.fsync(handle)
    finally:
        os.close(handle)
    if not existed:
        sync(file.parent)


def _write(handle: int, content: bytes, at: int) -> None:
    while content:
        written = os.pwrite(handle, content, at)
        content, at = content[written:], at + written
