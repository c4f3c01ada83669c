"""The whole audit, part by part, up to the first violation."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pysqlite3.dbapi2 as sqlite

from stillwater.audit import chain, evidence, heads, machines, rungs
from stillwater.audit.database import Scope, damage, reading, scope_of
from stillwater.audit.model import Broken, Report
from stillwater.audit.work import Workers
from stillwater.heads import Head, beside
from stillwater.where import Database, Server

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey


def audit(
    db: Database,
    *,
    run: str | None = None,
    since: str | None = None,
    head_file: Path | None = None,
    home: Path | None = None,
    key_file: Path | None = None,
    processes: int | None = None,
) -> Report:
    """Check that all holds which a database of Stillwater's promises.

    The chain and the heads are the whole database's, from the anchor that `since` names on;
    machines, evidence and artifacts are those of `run`, if one is named. Heads are looked for
    beside the database, and in `head_file`; `key_file` holds the public key that signed them. With
    `home`, the database's folder, it also derives edits, patches and verdicts again. Of a database
    on a server a copy is checked.

    Raises:
        AuditError: there is no such database, run, transition or head.
        InputError: `key_file` holds no public key.
    """
    report = Report()
    key = _key(key_file)
    try:
        # Before the database, for a scheduler that runs goes on writing both.
        kept = _kept(db, head_file)
        with _file(db) as path:
            chosen = Workers.worth(path) if processes is None else Workers(processes)
            with chosen as workers, reading(path) as connection, damage(path):
                scope = scope_of(connection, path, run, since)
                report.run, report.anchor = scope.run, scope.anchor
                _check_heads(connection, scope, kept, key, report)
                _check(connection, scope, workers, home, report)
    except Broken as broken:
        report.violation = broken.violation
    return report


@contextmanager
def _file(db: Database) -> Iterator[Path]:
    """The database as a file: itself, or a copy of a server's."""
    if not isinstance(db, Server):
        yield db
        return
    from stillwater.audit import server

    with server.copied(db) as path:
        yield path


def _kept(db: Database, head_file: Path | None) -> list[tuple[Path, Sequence[Head]]]:
    kept: list[tuple[Path, Sequence[Head]]] = []
    if head_file is not None:
        kept.append((head_file, heads.read_given(head_file)))
    found = heads.read_beside(db)
    if found is not None:
        kept.insert(0, (beside(db), found))
    return kept


def _key(file: Path | None) -> "SSlibKey | None":
    if file is None:
        return None
    from stillwater.certificates import keys

    return keys.public(file)


def _check_heads(
    connection: sqlite.Connection,
    scope: Scope,
    kept: Sequence[tuple[Path, Sequence[Head]]],
    key: "SSlibKey | None",
    report: Report,
) -> None:
    report.head = heads.last(connection, scope)
    if key is not None and not kept:
        raise Broken("heads", None, "none was kept, and a key was given that should have signed")
    for file, lines in kept:
        report.heads.append(heads.check(connection, scope, file, lines, key))
        report.checked["heads"] += len(lines)


def _check(
    connection: sqlite.Connection,
    scope: Scope,
    workers: Workers,
    home: Path | None,
    report: Report,
) -> None:
    places, rows = chain.check(connection, scope, workers)
    report.checked["transitions"] = rows
    report.checked.update(machines.check(connection, scope, places))
    report.checked.update(evidence.check(connection, scope, workers))
    tried = rungs.check(connection)
    if tried:
        report.checked["rungs"] = tried
    if home is not None:
        # It brings along the steps, which a look at the chain alone need not wait for.
        from stillwater.audit import derive

        again = derive.check(connection, scope, workers, home)
        report.checked.update(again.checked)
        report.underived.update(again.underived)
