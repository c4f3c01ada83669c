"""A guard against code that never ends, or takes far too long; how long it takes is for bench/."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_hang(seconds: float = 30.0) -> Iterator[None]:
    """Fail if what is within takes so many seconds of the processor: many times what it needs."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds
