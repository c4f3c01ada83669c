"""Opening a database on a server: its settings, its transactions, its schema.

A connection is in autocommit mode and transactions begin by a statement, as with SQLite: those that
write have the one writer's lock, those that read see one moment. A connection that was lost stays
lost, so that nobody goes on writing without the lease that went with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.adapt import Buffer, Loader
from sqlalchemy import Connection, NullPool, create_engine, event

import stillwater
from stillwater.errors import InputError
from stillwater.store import migrate
from stillwater.store.errors import OlderDatabase, sentences
from stillwater.store.postgresql.errors import unreached
from stillwater.store.schema import APPLICATION_ID
from stillwater.where import Server

Raw = psycopg.Connection[tuple[object, ...]]

LEASE_LOCK, WRITER_LOCK = 1, 2
"""The locks of a scheduler, and of a transaction that writes: their numbers in APPLICATION_ID."""
SETTINGS = (
    "SET default_transaction_isolation = 'read committed'",  # each statement sees what came before
    "SET idle_session_timeout = 0",  # a long test keeps its scheduler waiting
    # A server may answer before a commit is on its disk; what was acknowledged must be.
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'",
)
WRITER_SETTINGS = ("SET lock_timeout = '5s'",)
READER_SETTINGS = ("SET default_transaction_read_only = on",)
OLDEST = 150000
"""The server's version, as libpq counts: 15.0."""
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
MADE_BY = "Stillwater "
"""How the comment of a schema's table of revisions begins; the version that made it ends it."""
IDENTITY = """
SELECT r.relname, obj_description(r.oid, 'pg_class')
FROM pg_class AS r
WHERE r.relnamespace = to_regnamespace(quote_ident(current_schema())) AND r.relkind IN ('r', 'p')
"""


def connect(server: Server, read_only: bool = False, *, scripts: Path | None = None) -> Connection:
    """An open connection, as engine.connect gives one for a file.

    Raises:
        InputError: what is there is not Stillwater's, is newer, or (for reading) missing or older.
        StoreError: the server can't be reached, or refuses.
    """
    folder = scripts or migrate.scripts()
    connection = _connect(server, read_only)
    try:
        with sentences(server):
            _bring_up(connection, server, read_only, folder)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def opened(server: Server) -> Iterator[Connection]:
    """A connection for writing whose schema is left as it is: for alembic's own command line."""
    connection = _connect(server, read_only=False)
    try:
        yield connection
    finally:
        connection.close()


def driver(connection: Connection) -> Raw:
    """The driver's own connection."""
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    return found


def raw(server: Server, *settings: str, **parameters: str) -> Raw:
    """The driver's connection to the server, each statement of it a transaction of its own."""
    try:
        connection = psycopg.connect(**server.options(**parameters), autocommit=True)
    except psycopg.Error as error:
        raise unreached(error, server) from error
    try:
        if connection.info.server_version < OLDEST:
            raise InputError(f"{server} is of a PostgreSQL before 15: it has to be 15 or newer")
        connection.adapters.register_loader("numeric", _Number)
        for setting in (*SETTINGS, *settings):
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def state(server: Server) -> str | None:
    """The revision of the database's schema, whatever it is; as `revision`."""
    with sentences(server), raw(server, *READER_SETTINGS) as connection:
        return revision(connection, server)


def revision(connection: Raw, server: Server) -> str | None:
    """The revision of a database's schema; None where nothing is there.

    Raises:
        InputError: what is there is not Stillwater's.
    """
    (schema,) = connection.execute("SELECT current_schema()").fetchone() or (None,)
    if schema is None:
        raise InputError(f"{server} has no schema to work in: check the role's search_path")
    comments = {str(name): comment for name, comment in connection.execute(IDENTITY)}
    if not comments:
        return None
    if not str(comments.get("alembic_version")).startswith(MADE_BY):
        raise InputError(
            f"{server} holds other tables, not Stillwater's: give it a database of its own"
        )
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def stamp_version(connection: Connection) -> None:
    """Note beside the revision which version of Stillwater made the schema."""
    connection.exec_driver_sql(
        f"COMMENT ON TABLE alembic_version IS '{MADE_BY}{stillwater.__version__}'"
    )


class _Number(Loader):
    """Sums as SQLite gives them: whole ones as integers."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


def _connect(server: Server, read_only: bool) -> Connection:
    with sentences(server):
        made = [raw(server, *(READER_SETTINGS if read_only else WRITER_SETTINGS))]

    def take() -> Raw:
        if not made:
            raise psycopg.OperationalError("it is not opened again")
        return made.pop()

    engine = create_engine(
        "postgresql+psycopg://",
        creator=take,
        poolclass=NullPool,
        # Closed is closed: a connection that was lost can't be rolled back before.
        pool_reset_on_return=None,
        use_native_hstore=False,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if read_only or connection.info.get("reading"):
            connection.exec_driver_sql(READING)
            return
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID}, {WRITER_LOCK})")

    with sentences(server):
        return engine.connect()


def _bring_up(connection: Connection, server: Server, read_only: bool, folder: Path) -> None:
    known, there = migrate.revisions(folder), driver(connection)
    found = revision(there, server)
    if found is not None and found not in known:
        raise InputError(migrate.newer(server, found, known, _made_by(there)))
    if found == known[-1]:
        return
    if read_only and found is None:
        raise InputError(f"{server} is empty; start with `stillwater run`")
    if read_only:
        raise OlderDatabase(
            f"{server} was written by an older Stillwater: `stillwater resume` migrates it, in one "
            "transaction"
        )
    (encoding,) = there.execute("SHOW server_encoding").fetchone() or ("",)
    if encoding != "UTF8":
        raise InputError(f"{server} has the encoding {encoding}: make one with `createdb -E UTF8`")
    migrate.upgrade(connection, folder)


def _made_by(connection: Raw) -> str:
    comments = {str(name): comment for name, comment in connection.execute(IDENTITY)}
    return str(comments["alembic_version"]).removeprefix(MADE_BY)
