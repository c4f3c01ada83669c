"""Telling a machine out of memory from a fault of ours: what fails then fails in any way."""

import mmap
import os
from contextlib import suppress
from typing import NoReturn

from stillwater.errors import WorldError

PROBE = 64 << 20
"""Bytes; whoever can have so many more isn't out of memory."""
SENTENCE = "out of memory: free some, or allow this process more, and resume"
LAST_WORDS = f"stillwater: {SENTENCE}\n".encode()


class OutOfMemory(WorldError):
    """The machine, or what this process may use of it, has no memory left."""

    # The interpreter may be half broken from then on, so it must be another process that goes on.
    needs_a_person = True


def shortage(error: BaseException) -> OutOfMemory | None:
    """OutOfMemory if that is what the error comes from; None if there is memory enough."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, MemoryError):
        cause = cause.__cause__ or cause.__context__
    if cause is None and _can_have(PROBE):
        return None
    return _short()


def demand() -> None:
    """Ask for room before modules are loaded, some of which tell of a lack in ways of their own.

    Raises:
        OutOfMemory: there is less than any command needs.
    """
    if not _can_have(PROBE):
        raise _short()


def give_up() -> NoReturn:
    """End the process with the sentence, at once: to unwind takes memory too."""
    with suppress(OSError):
        os.write(2, LAST_WORDS)
    os._exit(1)


def _short() -> OutOfMemory:
    return OutOfMemory(SENTENCE)


def _can_have(size: int) -> bool:
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return False
    return True
