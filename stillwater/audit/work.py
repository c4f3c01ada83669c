"""Long work in shares, over as many processes as there are processors."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from stillwater.errors import WorldError

Share = TypeVar("Share")
Answer = TypeVar("Answer")

WORTH = 32 << 20
"""From how many bytes on a database is worth more processes than one."""


class Workers:
    """Processes that shares of work are spread over; of one, the work is done here."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._pool: ProcessPoolExecutor | None = None

    @classmethod
    def worth(cls, db: Path) -> Self:
        """As many as there are processors, where the database is large enough."""
        large = db.is_file() and db.stat().st_size >= WORTH
        return cls(_processors() if large else 1)

    def __enter__(self) -> Self:
        if self.processes > 1:
            # A fork starts at once, but not where threads may hold locks. It has to come before
            # the first connection to the database, for SQLite's don't survive one.
            alone = threading.active_count() == 1 and sys.platform == "linux"
            context = get_context("fork" if alone else "spawn")
            self._pool = ProcessPoolExecutor(self.processes, mp_context=context)
            self._pool.submit(os.getpid).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def ranges(self, first: int, last: int) -> list[tuple[int, int]]:
        """The numbers `first` to `last` as one range for each process."""
        count = last - first + 1
        many = max(1, min(self.processes, count))
        ends = [first + count * n // many for n in range(many + 1)]
        return [(begin, end - 1) for begin, end in pairwise(ends) if begin < end]

    def map(self, function: Callable[[Share], Answer], shares: Sequence[Share]) -> Iterator[Answer]:
        """The answers in the order of the shares; one share is worked on here."""
        if self._pool is None or len(shares) < 2:
            yield from map(function, shares)
            return
        try:
            yield from self._pool.map(function, shares)
        except BrokenProcessPool as error:
            raise WorldError(
                "a process of the audit was killed; has this machine run out of memory?"
            ) from error


def _processors() -> int:
    # Those that this process may use, where the system tells.
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
