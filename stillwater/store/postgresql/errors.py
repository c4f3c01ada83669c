"""What PostgreSQL and its driver raise, as sentences."""

import psycopg

from stillwater.store.errors import Disconnected, StoreError
from stillwater.where import Server

GONE = ("08", "57P")
"""How the codes begin of a connection that ended: lost, or the server is being stopped."""
SENTENCES = {
    "53100": "the disk of {server} is full: free some space there and try again",
    "53300": "{server} has no connection left: {message}",
    "55P03": "{server} is locked: another process has been writing to it for too long",
    "25006": "{server} can't be written: this connection, or the server, is read-only",
    "42501": "{server} refuses this role: {message}",
    "3D000": "{server} is not there: make it with `createdb`",
    "23": "{server} refuses what was to be stored: {message}",
    "22": "{server} can't store or read that: {message}",
    "XX": "{server} is damaged ({message}): restore a backup",
}
"""By the code, or by its class."""


def unreached(error: psycopg.Error, server: Server) -> Disconnected:
    """One sentence for a connection that could not be made."""
    return Disconnected(f"{server} can't be reached: {_message(error, server)}")


def failure(error: BaseException, server: Server) -> StoreError:
    """One sentence for a failure of the server's or of the connection to it."""
    message = _message(error, server)
    code = error.sqlstate if isinstance(error, psycopg.Error) else None
    closed = code is None and isinstance(error, psycopg.OperationalError)
    if closed or (code is not None and code.startswith(GONE)):
        return Disconnected(
            f"the connection to {server} was lost ({message}); what was committed is there: "
            "`stillwater resume` goes on"
        )
    told = SENTENCES.get(code or "") or SENTENCES.get((code or "")[:2])
    pattern = told or "{server} can't be used: {message}" + (f" ({code})" if code else "")
    return StoreError(pattern.format(server=server, message=message))


def _message(error: BaseException, server: Server) -> str:
    """The first line of what it says."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        text = error.diag.message_primary
    else:
        text = str(error).strip().split("\n")[0]
    return server.hide(text)
