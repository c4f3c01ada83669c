"""Connections that only read, kept open: a request takes one and gives it back."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stillwater.store import Store
from stillwater.where import Database

MOST_KEPT = 8


class Readers:
    """Read-only stores of one database; no request waits for another, nor for the scheduler."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._idle: queue.LifoQueue[Store] = queue.LifoQueue(MOST_KEPT)
        self._others: list[Callable[[], None]] = []

    @contextmanager
    def store(self) -> Iterator[Store]:
        """A store for reading, for this thread alone while it is used."""
        try:
            store = self._idle.get_nowait()
        except queue.Empty:
            store = Store.open(self.db, read_only=True)
        try:
            yield store
        except BaseException:
            store.close()
            raise
        try:
            self._idle.put_nowait(store)
        except queue.Full:
            store.close()

    def close_with(self, other: Callable[[], None]) -> None:
        """Let others that read the database be closed when these are.

        Only when the last connection is closed does SQLite move its log into the database.
        """
        self._others.append(other)

    def close(self) -> None:
        """Close those that nobody uses."""
        for other in self._others:
            other()
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return
