"""What the store raises, and how a database's failures become sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
from sqlalchemy.exc import DBAPIError

from stillwater.errors import InputError, StillwaterError, WorldError
from stillwater.where import Server


class StoreError(WorldError):
    """The database can't be read or written, or holds what it never should."""


class Disconnected(StoreError):
    """The database's server can't be reached, or the connection to it was lost."""


class StaleCommit(StillwaterError):
    """The machine has moved on since the caller read it; nothing was written."""


class OlderDatabase(InputError):
    """An older Stillwater has written it: it is to be migrated before it is read."""


PAUSED = "this scheduler was paused for longer than its lease, and another has taken its work over"
LOST = f"{PAUSED}: nothing is lost, and the other goes on with it (`stillwater status`)"


class TakenOver(StillwaterError):
    """A later scheduler has taken the database over; nothing was written."""


SENTENCES = {
    "SQLITE_FULL": "the disk that holds {path} is full: free some space and try again",
    "SQLITE_BUSY": "{path} is locked: another process has been writing to it for too long",
    "SQLITE_LOCKED": "{path} is locked: another process has been writing to it for too long",
    "SQLITE_READONLY": "{path} can't be written: it, or its folder, is read-only",
    "SQLITE_CANTOPEN": "{path} can't be opened: check that its folder exists and may be written",
    "SQLITE_PERM": "{path} can't be opened: permission denied",
    "SQLITE_IOERR": "reading or writing {path} failed ({code}): check the disk",
    "SQLITE_CORRUPT": "{path} is damaged ({message}): restore a backup",
    "SQLITE_NOTADB": "{path} is damaged ({message}): restore a backup",
    "SQLITE_CONSTRAINT": "{path} refuses what was to be stored: {message}",
}


def sentence(error: BaseException, path: Path | str) -> str:
    """One sentence for a failure of SQLite, by its primary result code."""
    code = str(getattr(error, "sqlite_errorname", None) or "unknown error")
    primary = "_".join(code.split("_")[:2])
    pattern = SENTENCES.get(primary, "{path} can't be used: {message} ({code})")
    return pattern.format(path=path, code=code, message=error)


@contextmanager
def sentences(path: Path | str | Server) -> Iterator[None]:
    """Turn a database's failures within into StoreError, each with one sentence."""
    if isinstance(path, Server):
        with _servers(path):
            yield
        return
    try:
        yield
    except DBAPIError as error:
        raise StoreError(sentence(error.orig or error, path)) from error
    except sqlite.Error as error:
        raise StoreError(sentence(error, path)) from error
    except OSError as error:
        raise StoreError(f"{path} can't be used: {error.strerror or error}") from error


@contextmanager
def _servers(server: Server) -> Iterator[None]:
    import psycopg

    from stillwater.store.postgresql.errors import failure

    try:
        yield
    except DBAPIError as error:
        raise failure(error.orig or error, server) from error
    except psycopg.Error as error:
        raise failure(error, server) from error
