"""Where steps run: daemon threads, so that a step that can't be stopped never keeps the process."""

import queue
import threading
from collections.abc import Callable
from typing import Protocol


class Executor(Protocol):
    """Runs calls somewhere else."""

    def submit(self, call: Callable[[], None]) -> None:
        """Run `call` soon; it must not raise."""

    def close(self) -> None:
        """No further call will come."""


class ThreadExecutor:
    """As many daemon threads as there are slots."""

    def __init__(self, threads: int) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = threads
        for number in range(threads):
            threading.Thread(target=self._work, daemon=True, name=f"step-{number}").start()

    def submit(self, call: Callable[[], None]) -> None:
        """Run `call` on the first thread that is free."""
        self._calls.put(call)

    def close(self) -> None:
        """Let each thread end after its last call."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while call := self._calls.get():
            call()
