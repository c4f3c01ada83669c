"""Waking whoever waits for a commit, from the scheduler's thread to the server's."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Waiter:
    """One stream: its event, and the loop that the event belongs to."""

    loop: asyncio.AbstractEventLoop
    event: asyncio.Event


@dataclass
class Hub:
    """Those who wait. Any thread may call `tell`; it never waits for them."""

    closed: bool = field(default=False, init=False)
    """Whether the service ends: streams must end too."""
    changes: int = field(default=0, init=False)
    """How often something was told."""
    also: list[Callable[[], None]] = field(default_factory=list, init=False)
    """What else is called then, from any thread; it must not wait."""

    _waiters: set[Waiter] = field(default_factory=set, init=False)
    # Of a kind that may be taken twice: a signal may come while the main thread holds it.
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    def tell(self) -> None:
        """Something was committed, or the state of the service changed."""
        with self._lock:
            self.changes += 1
            waiters = list(self._waiters)
        for call in self.also:
            call()
        for one in waiters:
            # A loop that is closed has nobody waiting.
            with contextlib.suppress(RuntimeError):
                one.loop.call_soon_threadsafe(one.event.set)

    def close(self) -> None:
        """Let every stream end."""
        self.closed = True
        self.tell()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set whenever something was told."""
        waiter = Waiter(asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiters.add(waiter)
        try:
            yield waiter.event
        finally:
            with self._lock:
                self._waiters.discard(waiter)
