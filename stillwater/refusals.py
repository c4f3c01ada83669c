"""Telling what the operating system refuses (disk, files, processes) from a fault of ours."""

import errno
import os

from stillwater.errors import WorldError

REFUSED = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.EAGAIN,
        errno.ENOMEM,
    }
)
WORDS = frozenset(os.strerror(number) for number in REFUSED)


class Refused(WorldError):
    """The operating system refuses what a step needs: room on the disk, a file, a process."""


def refusal(error: BaseException) -> Refused | None:
    """Refused if that is what the error comes from."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in REFUSED:
            where = f" ({cause.filename})" if cause.filename else ""
            return Refused(f"the operating system refuses: {cause.strerror}{where}")
        cause = cause.__cause__
    return None


def tells_of_one(output: bytes) -> bool:
    """Whether a program that was run in the C locale says that it was refused something."""
    return any(word.encode() in output for word in WORDS)
