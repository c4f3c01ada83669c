"""A database on a PostgreSQL server, copied to be audited as any other: the same checks, one code.

All is read in one transaction, so that the copy is of one moment, and row by row, so that its size
matters to the disk alone. Nothing that the server could have been made to say otherwise is asked:
neither views nor functions, and tables only where they are tables, all of whose rows are shown.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pysqlite3.dbapi2 as sqlite
from psycopg.sql import SQL, Identifier

from stillwater.audit.database import APPLICATION_ID
from stillwater.audit.model import AuditError, Broken
from stillwater.where import Server

Raw = psycopg.Connection[tuple[object, ...]]

TABLES = {
    "runs": "id TEXT PRIMARY KEY, created_at TEXT, finished_at TEXT, dataset TEXT, "
    "dataset_sha256 TEXT, config TEXT, version TEXT",
    "instances": "id INTEGER PRIMARY KEY, dataset_sha256 TEXT, instance_id TEXT, content TEXT",
    "machines": "id INTEGER PRIMARY KEY, run_id TEXT, instance_id TEXT, arm TEXT, state TEXT, "
    "attempt INTEGER, model TEXT, not_before TEXT, lease_owner TEXT, lease_until TEXT, "
    "created_at TEXT, updated_at TEXT",
    "transitions": "id INTEGER PRIMARY KEY, machine_id INTEGER, seq INTEGER, source TEXT, "
    "event TEXT, target TEXT, attempt INTEGER, started_at TEXT, finished_at TEXT, evidence TEXT, "
    "prev_sha256 TEXT, sha256 TEXT",
    "artifacts": "sha256 TEXT PRIMARY KEY, kind TEXT, media_type TEXT, size INTEGER, content BLOB",
    "rungs": "id INTEGER PRIMARY KEY, run_id TEXT, rung INTEGER, holds INTEGER, at TEXT, "
    "version TEXT, head_id INTEGER, head_sha256 TEXT, result TEXT, prev_sha256 TEXT, sha256 TEXT",
}
"""What an audit reads, as SQLite declares it."""
NOT_IN_ALL = frozenset({"rungs"})
"""What databases of earlier versions lack."""
INDICES = (
    "CREATE INDEX of_machine ON transitions (machine_id, seq)",
    "CREATE INDEX of_run ON machines (run_id)",
    "CREATE INDEX of_dataset ON instances (dataset_sha256, instance_id)",
)
TYPES = {"TEXT": "text", "INTEGER": "int8", "BLOB": "bytea"}
SETTINGS = (
    # Every row or an error: never those alone that a policy lets this role see.
    "SET row_security = off",
    "SET client_encoding = 'utf8'",
    "SET bytea_output = 'hex'",
)
KINDS = """
SELECT c.relname, c.relkind FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = ANY(%s)
"""
MADE_BY = """
SELECT pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = 'alembic_version'
"""


@contextmanager
def copied(server: Server) -> Iterator[Path]:
    """A copy of the database in a file of SQLite, which is gone afterwards.

    Raises:
        AuditError: it can't be read, or isn't Stillwater's.
        Broken: its tables aren't what they should be.
    """
    with tempfile.TemporaryDirectory(prefix="stillwater-audit-") as folder:
        path = Path(folder) / "copy.db"
        try:
            _copy(server, path)
        except psycopg.Error as error:
            said = str(error).strip().split("\n")[0]
            raise AuditError(f"{server} can't be read: {server.hide(said)}") from error
        except (sqlite.OperationalError, OSError) as error:
            raise AuditError(
                f"{server} can't be copied to {folder} ({error}): its copy needs as much room "
                "there; free some, or name another folder with TMPDIR"
            ) from error
        yield path


def _copy(server: Server, path: Path) -> None:
    with (
        psycopg.connect(**server.options(), autocommit=True) as connection,
        closing(sqlite.connect(path, isolation_level=None)) as copy,
    ):
        for setting in SETTINGS:
            connection.execute(setting)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        schema, tables, made_by = _checked(connection, server)
        # It is thrown away: what a power cut does to it is nothing to anyone.
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):
            copy.execute(f"PRAGMA {pragma}").fetchall()
        copy.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        copy.execute(f"PRAGMA user_version = {made_by}")
        copy.execute("BEGIN")
        for table, columns in TABLES.items():
            if table in tables:
                _copy_table(connection, copy, schema, table, columns)
        for index in INDICES:
            copy.execute(index)
        copy.execute("COMMIT")


def _checked(connection: Raw, server: Server) -> tuple[str, frozenset[str], int]:
    """The schema and those of its tables that are there, and the version that made them."""
    foreign = AuditError(f"{server} is not a database of Stillwater's: give another with --db")
    (schema,) = connection.execute("SELECT pg_catalog.current_schema()").fetchone() or (None,)
    found = connection.execute(MADE_BY, (schema,)).fetchone()
    version = re.fullmatch(r"Stillwater (\d+)\.(\d+)\.(\d+).*", str(found[0]) if found else "")
    rows = connection.execute(KINDS, (schema, list(TABLES))).fetchall()
    kinds = {str(name): str(kind) for name, kind in rows}
    if version is None or not kinds.keys() >= TABLES.keys() - NOT_IN_ALL:
        raise foreign
    for name, kind in kinds.items():
        if kind != "r":
            raise Broken(name, None, "it is no table but something that may say anything")
    major, minor, patch = map(int, version.groups())
    return str(schema), frozenset(kinds), major * 1_000_000 + minor * 1_000 + patch


def _copy_table(
    connection: Raw, copy: sqlite.Connection, schema: str, table: str, columns: str
) -> None:
    copy.execute(f"CREATE TABLE {table} ({columns}) STRICT")
    declared = [column.split()[:2] for column in columns.split(", ")]
    statement = SQL("COPY (SELECT {} FROM {} ORDER BY 1) TO STDOUT").format(
        SQL(", ").join(Identifier(name) for name, _ in declared), Identifier(schema, table)
    )
    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(declared))})"
    with connection.cursor() as cursor, cursor.copy(statement) as rows:
        rows.set_types([TYPES[kind] for _, kind in declared])
        _insert(copy, table, insert, rows.rows())


def _insert(
    copy: sqlite.Connection, table: str, insert: str, rows: Iterator[Sequence[object]]
) -> None:
    row: Sequence[object] = ()
    try:
        for row in rows:
            copy.execute(insert, row)
    except (sqlite.IntegrityError, sqlite.DataError) as error:
        number = row[0] if row and isinstance(row[0], int | str) else None
        raise Broken(table, number, f"it is not what its table may hold: {error}") from error
