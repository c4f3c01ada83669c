"""Opening a database: the checks before the first statement, the pragmas, the transactions.

Why each pragma is what it is: docs/decisions/001-sqlite.md.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, NullPool, create_engine, event

from stillwater.errors import InputError
from stillwater.store import migrate
from stillwater.store.errors import OlderDatabase, sentences
from stillwater.where import Database, Server

BUSY_MILLISECONDS = 5000

PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
    "PRAGMA recursive_triggers = ON",  # else INSERT OR REPLACE deletes evidence past the triggers
    "PRAGMA trusted_schema = OFF",  # a tampered schema must not call functions with side effects
    "PRAGMA cell_size_check = ON",  # finds damaged pages when they are read, not later
)
WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers never wait for the scheduler, nor it for them
    "PRAGMA synchronous = FULL",  # NORMAL loses the last commits when the power goes
)
READER_PRAGMAS = ("PRAGMA query_only = ON",)


def healthy(version: tuple[int, ...]) -> bool:
    """Whether that SQLite is free of the WAL-reset defect, which can corrupt a database."""
    fixed: dict[tuple[int, ...], int] = {(3, 44): 6, (3, 50): 7}
    return version >= (3, 51, 3) or version[2] >= fixed.get(version[:2], 1_000)


def require_healthy(version: tuple[int, ...] = sqlite.sqlite_version_info) -> None:
    """Raise InputError for an SQLite that may corrupt the database."""
    if not healthy(version):
        raise InputError(
            f"SQLite {'.'.join(map(str, version))} can corrupt a WAL database when two processes "
            "use it: install pysqlite3 with SQLite 3.51.3 or later"
        )


def connect(
    db: Database,
    read_only: bool = False,
    *,
    scripts: Path | None = None,
    may_be_older: bool = False,
) -> Connection:
    """An open connection to the database; closing it closes the file.

    For writing, a missing database is made, and an older one is migrated after a backup beside it.
    `scripts` is for tests of migrations. A file that is only copied, for reading, `may_be_older`.

    Raises:
        InputError: the file is not a database of ours, is newer, or (for reading) missing or older.
        StoreError: the file can't be opened, read or written.
    """
    if isinstance(db, Server):
        from stillwater.store.postgresql import connect as server

        return server.connect(db, read_only, scripts=scripts)
    return _connect_file(db, read_only, scripts, may_be_older)


def _connect_file(
    path: Path, read_only: bool, scripts: Path | None, may_be_older: bool
) -> Connection:
    require_healthy()
    folder = scripts or migrate.scripts()
    known = migrate.revisions(folder)
    if read_only and not path.exists():
        raise InputError(f"no database at {path}; start with `stillwater run`")
    if read_only and _half(path).exists():
        raise InputError(f"the making of {path} was cut short: `stillwater run` begins anew")
    if not path.parent.is_dir():
        raise InputError(f"no folder {path.parent} to hold the database {path.name}: make it first")
    connection = _connect(path, read_only)
    try:
        with sentences(path), suppress(OlderDatabase) if may_be_older else nullcontext():
            _bring_up(connection, path, read_only, folder, known)
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_foreign(path: Database) -> None:
    """Raise InputError for a file that isn't Stillwater's; nothing is written, nor beside it.

    On a server nothing is written before `connect` has looked.
    """
    if isinstance(path, Server) or not path.exists():
        return
    with sentences(path), closing(_by_uri(path, "mode=ro")) as raw:
        try:
            migrate.revision(raw, path)
        except sqlite.OperationalError as error:
            # Whoever was making it was killed: only by writing can SQLite undo what is half done,
            # and then a database that isn't Stillwater's is refused all the same.
            if not error.sqlite_errorname.startswith("SQLITE_READONLY") or not _half(path).exists():
                raise


@contextmanager
def opened(path: Database) -> Iterator[Connection]:
    """A connection for writing whose schema is left as it is: for alembic's own command line."""
    if isinstance(path, Server):
        from stillwater.store.postgresql import connect as server

        with server.opened(path) as connection:
            yield connection
        return
    require_healthy()
    connection = _connect(path, read_only=False)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """A read transaction, which waits for no writer, on a connection of either kind."""
    connection.info["reading"] = True
    try:
        with connection.begin():
            yield connection
    finally:
        connection.info.pop("reading", None)


def _bring_up(
    connection: Connection, path: Path, read_only: bool, folder: Path, known: list[str]
) -> None:
    raw = driver(connection)
    found = migrate.revision(raw, path)
    if found is not None:
        migrate.refuse_newer(raw, path, found, known)
    if found == known[-1]:
        return
    if read_only and found is None:
        raise InputError(f"{path} is empty; start with `stillwater run`")
    if read_only:
        raise OlderDatabase(
            f"{path} was written by an older Stillwater: `stillwater resume` migrates it, "
            "after a backup beside it"
        )
    if found is not None:
        migrate.back_up(raw, path, found)
    migrate.upgrade(connection, folder)


def driver(connection: Connection) -> sqlite.Connection:
    """The driver's own connection, for what has no transaction."""
    return connection.connection.driver_connection


def _connect(path: Path, read_only: bool) -> Connection:
    engine = create_engine(
        "sqlite://", module=sqlite, creator=lambda: _open(path, read_only), poolclass=NullPool
    )

    # Immediate, because a read that turns into a write fails at once when another wrote meanwhile.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = read_only or connection.info.get("reading")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    with sentences(path):
        return engine.connect()


def _open(path: Path, read_only: bool) -> sqlite.Connection:
    raw = _open_file(path, read_only)
    try:
        # Before the first pragma that writes: a foreign database stays as it is.
        migrate.revision(raw, path)
        for pragma in (*PRAGMAS, *(READER_PRAGMAS if read_only else WRITER_PRAGMAS)):
            raw.execute(pragma).fetchall()
    except BaseException:
        raw.close()
        raise
    return raw


def _open_file(path: Path, read_only: bool) -> sqlite.Connection:
    raw = _by_uri(path, "mode=ro" if read_only else "mode=rwc")
    if not read_only:
        return raw
    try:
        raw.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite.DatabaseError as error:
        shut = error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        if shut and not _wal(path).exists() and not os.access(path.parent, os.W_OK):
            # WAL wants a file beside the database even to read; in a read-only folder, where no
            # one has it open, SQLite may take the file as one that never changes.
            raw.close()
            return _by_uri(path, "immutable=1")
    return raw


def _half(path: Path) -> Path:
    """What is there while a database is made, before its log takes over."""
    return path.with_name(path.name + "-journal")


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _by_uri(path: Path, options: str) -> sqlite.Connection:
    # One thread at a time is what Store's lock sees to; the driver would insist on always the same.
    return sqlite.connect(
        f"{path.resolve().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_MILLISECONDS / 1000,
        check_same_thread=False,
    )
