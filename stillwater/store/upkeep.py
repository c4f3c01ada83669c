"""A database as a file: a copy of it, whether it is sound, and its free pages given back."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from stillwater.errors import InputError
from stillwater.store.engine import connect, driver
from stillwater.store.errors import sentences
from stillwater.store.lease import SchedulerLease
from stillwater.store.migrate import copy_to
from stillwater.where import Database, Server

SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"


def back_up(db: Path, target: Path) -> int:
    """Copy the database as it is at this moment to `target`, also while a scheduler works on it.

    The copy is complete and on disk before its name appears; how many bytes it has.

    Raises:
        InputError: there is no database, or something at `target`, or no folder for it.
        StoreError: the database can't be read, or the copy not written.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists already: give another name, a backup replaces nothing")
    if not target.parent.is_dir():
        raise InputError(
            f"no folder {target.parent} to hold the backup {target.name}: make it first"
        )
    opened = connect(db, read_only=True, may_be_older=True)
    with closing(opened) as connection, sentences(target):
        raw = driver(connection)
        # The file itself stays open for reading only, but VACUUM INTO counts as writing.
        raw.execute("PRAGMA query_only = OFF")
        copy_to(raw, target)
    return target.stat().st_size


def check(db: Database) -> list[str]:
    """What is wrong with the database: its pages, its references, its schema; nothing if sound.

    A server sees to its pages and references by itself.

    Raises:
        InputError: there is no database, or it is not of this version of Stillwater.
    """
    if isinstance(db, Server):
        from stillwater.store.postgresql import check as server

        return server.check(db)
    with closing(connect(db, read_only=True)) as connection, sentences(db):
        raw = driver(connection)
        return [*_pages(raw), *_references(raw), *_schema(raw)]


def vacuum(db: Path) -> tuple[int, int]:
    """Write the database anew without its free pages; its bytes before and after.

    Raises:
        LeaseHeld: a scheduler works on it.
        InputError: there is no database.
    """
    connect(db, read_only=True).close()
    with SchedulerLease.acquire(db, "vacuum"), closing(connect(db)) as connection, sentences(db):
        raw = driver(connection)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = db.stat().st_size
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before, db.stat().st_size


def _pages(raw: sqlite.Connection) -> Iterator[str]:
    try:
        found = [str(line) for (line,) in raw.execute("PRAGMA integrity_check")]
    except sqlite.DatabaseError as error:
        found = [str(error)]
    yield from (f"integrity: {line}" for line in found if line != "ok")


def _references(raw: sqlite.Connection) -> Iterator[str]:
    for table, row, other, _ in raw.execute("PRAGMA foreign_key_check"):
        yield f"reference: {table} {row} names a row of {other} that is not there"


def _schema(raw: sqlite.Connection) -> Iterator[str]:
    found, made = _statements(raw), _made()
    for kind, name in sorted({*found, *made}):
        if (kind, name) not in found:
            yield f"schema: the {kind} {name} is missing"
        elif (kind, name) not in made:
            yield f"schema: the {kind} {name} is not Stillwater's"
        elif found[kind, name] != made[kind, name]:
            yield f"schema: the {kind} {name} is not as the migrations make it"


def _made() -> dict[tuple[str, str], str]:
    """The schema of a new database."""
    with (
        tempfile.TemporaryDirectory(prefix="stillwater-check-") as folder,
        closing(connect(Path(folder) / "new.db")) as connection,
    ):
        return _statements(driver(connection))


def _statements(raw: sqlite.Connection) -> dict[tuple[str, str], str]:
    return {(str(kind), str(name)): str(sql) for kind, name, sql in raw.execute(SCHEMA)}
