"""Telling what the operating system refuses (disk, files, processes) from a fault of ours."""

import errno
import os
import re

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
_UNREACHED = (
    r"temporary failure in name resolution|name or service not known|could not resolve host|"
    r"\bdns error\b|network is unreachable"
)
UNREACHED = re.compile(_UNREACHED, re.IGNORECASE)
"""How programs say that there is no network: no test of a connection says so."""
NO_NETWORK = re.compile(
    rf"{_UNREACHED}|temporary failure resolving|could ?n[o']t resolve host|no route to host|"
    r"failed to establish a new connection|read timed out|connection broken|"
    r"remote end closed connection|condahttperror",
    re.IGNORECASE,
)
"""How those that fetch something (pip, uv, conda, git, apt) say that they can't reach it."""
DISK = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO))
_END = 4000
"""Characters at the end of what a program printed that tell why it failed."""
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


def tells_of_the_world(output: str) -> bool:
    """Whether a program says at its end that it can't reach what it has to fetch, or that the disk
    is full or broken."""
    end = output[-_END:]
    return NO_NETWORK.search(end) is not None or any(words in end for words in DISK)
