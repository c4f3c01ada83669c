"""Work in the background that never keeps the process, nor for ever who begins it.

`threading.Thread.start` waits until the thread has begun. Where that finds no memory CPython 3.11
drops it ("Exception ignored in thread started by"), and who started it waits without end.
"""

import threading
from _thread import start_new_thread
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from stillwater.memory import OutOfMemory

BEGIN_SECONDS = 60.0
"""How long a new thread may take to begin; longer than any that will."""

T = TypeVar("T")


def begin(work: Callable[[], object]) -> None:
    """Have it done on a thread of its own, which has begun when this returns.

    Raises:
        OutOfMemory: no thread can be started, or none begins.
    """
    begun = threading.Event()

    def whole() -> None:
        begun.set()
        work()

    try:
        start_new_thread(whole, ())
    except RuntimeError as error:
        raise OutOfMemory(f"{error}: free some memory or threads, and resume") from error
    if not begun.wait(BEGIN_SECONDS):
        raise OutOfMemory(f"a thread didn't begin within {BEGIN_SECONDS:.0f} s: out of memory")


def promise(call: Callable[[], T]) -> "Future[T]":
    """What it gives or raises, once it has; if memory ends at that very moment, never.

    Raises:
        OutOfMemory: as `begin` does.
    """
    future: Future[Any] = Future()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    begin(work)
    return future
