"""Running the tests of many patches at once, in the slots that the run had."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from stillwater.config import frozen
from stillwater.rungs.model import Asked

Found = TypeVar("Found")


def in_slots(
    asked: Asked, call: Callable[[int], Found], count: int, cancel: Callable[[], None]
) -> list[Found]:
    """What `call` gives for the numbers below `count`; when one raises, `cancel` ends the others.

    No more at once than this machine has processors. Raises whatever `call` does.
    """
    slots = min(frozen(asked.run.config).sandbox_slots, os.cpu_count() or 1)
    with ThreadPoolExecutor(slots) as pool:
        try:
            return list(pool.map(call, range(count)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            cancel()
            raise
