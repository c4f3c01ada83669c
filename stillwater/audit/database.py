"""The auditor's own way to a database: read-only, and suspicious."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from stillwater import __version__
from stillwater.audit.model import AuditError, Broken

APPLICATION_ID = 0x5374576C
GENESIS = "0" * 64
TABLES = frozenset({"runs", "machines", "transitions", "artifacts", "instances"})
PRAGMAS = (
    "PRAGMA query_only = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA busy_timeout = 5000",
)


@dataclass(frozen=True)
class Scope:
    """What is audited: transitions `anchor` + 1 to `last`; of `run` alone, where one is named.

    `digest` is the anchor's, which the next transition must name.
    """

    db: Path
    anchor: int
    digest: str
    last: int
    run: str | None


@contextmanager
def reading(db: Path) -> Iterator[sqlite.Connection]:
    """A connection of its own within one read transaction.

    Raises:
        AuditError: the file is missing, or not Stillwater's.
        Broken: it is damaged.
    """
    if not db.is_file():
        raise AuditError(f"no database at {db}: give its path with --db")
    with damage(db):
        connection = _open(db)
    try:
        with damage(db):
            connection.execute("BEGIN")
            _require_ours(connection, db)
            yield connection
    finally:
        connection.close()


@contextmanager
def damage(db: Path) -> Iterator[None]:
    """Turn what SQLite finds damaged within into Broken, and what it can't read into AuditError."""
    try:
        yield
    except sqlite.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        if name.startswith("SQLITE_CORRUPT") or not name:
            raise Broken("database", None, f"it is damaged: {error}") from error
        raise AuditError(f"{db} can't be read: {error}") from error


def _open(db: Path) -> sqlite.Connection:
    connection = _by_uri(db, "mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite.DatabaseError:
        connection.close()
        wal = db.with_name(db.name + "-wal")
        if wal.exists() or os.access(db.parent, os.W_OK):
            raise
        # In a read-only folder WAL can't be read but as a file that never changes.
        connection = _by_uri(db, "immutable=1")
    for pragma in PRAGMAS:
        connection.execute(pragma).fetchall()
    return connection


def _by_uri(db: Path, options: str) -> sqlite.Connection:
    return sqlite.connect(f"{db.resolve().as_uri()}?{options}", uri=True, isolation_level=None)


def _require_ours(connection: sqlite.Connection, db: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    tables = {n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if application != APPLICATION_ID or not tables >= TABLES:
        raise AuditError(f"{db} is not a database of Stillwater's: give another path with --db")
    (made_by,) = connection.execute("PRAGMA user_version").fetchone()
    major, minor, patch = (int(part) for part in __version__.split(".")[:3])
    if made_by > major * 1_000_000 + minor * 1_000 + patch:
        raise AuditError(f"{db} was written by a newer Stillwater: audit it with that one")


def scope_of(connection: sqlite.Connection, db: Path, run: str | None, since: str | None) -> Scope:
    """What the words of a person mean in this database; AuditError if they mean nothing."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM transitions").fetchone()
    anchor = 0 if since is None else _anchor(connection, since, last)
    digest = GENESIS
    if anchor:
        found = connection.execute("SELECT sha256 FROM transitions WHERE id = ?", (anchor,))
        digest = found.fetchone()[0]
    return Scope(db, anchor, digest, last, None if run is None else _run(connection, run))


def _run(connection: sqlite.Connection, name: str) -> str:
    known = [str(one) for (one,) in connection.execute("SELECT id FROM runs ORDER BY id")]
    found = [one for one in known if one == name] or [one for one in known if one.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise AuditError(f"{name} may be any of {', '.join(found)}: write more of it")
    raise AuditError(f"there is no run {name} in this database: `stillwater status` lists them")


def _anchor(connection: sqlite.Connection, since: str, last: int) -> int:
    if since.isascii() and since.isdigit():
        anchor = int(since) if len(since) < 19 else last + 1
        found = connection.execute("SELECT 1 FROM transitions WHERE id = ?", (anchor,))
        if anchor and found.fetchone() is None:
            raise AuditError(f"--since {since}: there is no transition {since}; the last is {last}")
        return anchor
    try:
        # Without a zone it is of the clock that `status` and `show` tell times by.
        at = datetime.fromisoformat(since).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise AuditError(
            f"--since {since}: give a transition's id, or a time like 2026-11-24T12:00:00Z"
        ) from error
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # The first one after that time, not the last one before: a clock that was set back hides none.
    (first,) = connection.execute(
        "SELECT min(id) FROM transitions WHERE finished_at > ?", (stamp,)
    ).fetchone()
    before = "SELECT coalesce(max(id), 0) FROM transitions WHERE id < ?"
    (found,) = connection.execute(before, (last + 1 if first is None else first,)).fetchone()
    return int(found)
