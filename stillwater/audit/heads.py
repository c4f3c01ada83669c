"""Heads that were kept outside the database must be in its chain: else rows are gone, or others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pysqlite3.dbapi2 as sqlite

from stillwater import heads
from stillwater.audit.database import Scope
from stillwater.audit.model import AuditError, Broken, Head, Kept
from stillwater.where import Database

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

AT = "SELECT sha256 FROM transitions WHERE id = ?"
LAST = "SELECT id, sha256, finished_at FROM transitions WHERE id = ?"
ANYWHERE = "SELECT id, sha256 FROM transitions WHERE id <= ?"


def read_beside(db: Database) -> list[heads.Head] | None:
    """The heads that the scheduler kept beside the database; None if it kept none.

    They are to be read before the database: a scheduler that runs may be ahead of a reader.
    """
    file = heads.beside(db)
    if not file.exists():
        return None
    try:
        return heads.parse(_content(file), may_be_torn=True)
    except heads.NotHeads as error:
        raise Broken(str(file), error.line, str(error)) from error


def read_given(file: Path) -> list[heads.Head]:
    """The heads in an auditor's own file; AuditError if it holds none, or anything else."""
    try:
        found = heads.parse(_content(file), may_be_torn=False)
    except heads.NotHeads as error:
        raise AuditError(f"{file}: {error}") from error
    if not found:
        raise AuditError(f"{file} holds no head: give `id sha256 time`, or a digest alone")
    return found


def last(connection: sqlite.Connection, scope: Scope) -> Head | None:
    """The head of the chain now; None of an empty one."""
    row = connection.execute(LAST, (scope.last,)).fetchone()
    return None if row is None else Head(*row)


def check(
    connection: sqlite.Connection,
    scope: Scope,
    file: Path,
    kept: Sequence[heads.Head],
    key: "SSlibKey | None" = None,
) -> Kept:
    """Find each head in the chain, by its id where it has one; raises Broken.

    With a `key`, every signature must be that key's, and there must be one.
    """
    numbers = []
    places = _places(connection, scope, {one.sha256 for one in kept if one.id is None})
    for line, head in enumerate(kept, 1):
        number = places.get(head.sha256) if head.id is None else head.id
        problem = _problem(connection, scope, number, head.sha256)
        if number is None or problem:
            raise Broken(str(file), line, problem or "")
        numbers.append(number)
    newest = max(numbers, default=None)
    behind = scope.last - (newest or 0)
    seconds = _seconds(connection, newest, scope.last)
    found = Kept(str(file), len(kept), newest, behind, seconds)
    if key is None:
        return found
    _check_signatures(file, kept, key)
    signed = [n for n, head in zip(numbers, kept, strict=True) if head.signature]
    return replace(found, signed=len(signed), signed_last=max(signed))


def _check_signatures(file: Path, kept: Sequence[heads.Head], key: "SSlibKey") -> None:
    from stillwater.certificates.heads import is_signed_by

    for line, head in enumerate(kept, 1):
        if head.signature and not is_signed_by(head, key):
            raise Broken(str(file), line, f"its signature is not of the key {key.keyid}")
    if not any(head.signature for head in kept):
        raise Broken(str(file), None, "no head in it is signed, and a key was given")


def _problem(
    connection: sqlite.Connection, scope: Scope, number: int | None, sha256: str
) -> str | None:
    if number is None:
        return f"the head {sha256} is not in the chain, which ends at transition {scope.last}"
    if number > scope.last:
        return (
            f"the chain ends at transition {scope.last}, but it went on to {number} when this head "
            "was kept: its last rows are gone"
        )
    row = connection.execute(AT, (number,)).fetchone()
    if row is None:
        return f"transition {number}, the head {sha256} then, is not there"
    if row[0] != sha256:
        return f"transition {number} is not the one that was the head then: history was rewritten"
    return None


def _places(connection: sqlite.Connection, scope: Scope, wanted: set[str]) -> dict[str, int]:
    rows: Iterator[tuple[int, str]] = connection.execute(
        ANYWHERE, (scope.last,) if wanted else (0,)
    )
    return {sha256: number for number, sha256 in rows if sha256 in wanted}


def _seconds(connection: sqlite.Connection, newest: int | None, end: int) -> float:
    """How long before the last transition the newest head was."""
    if newest is None or newest == end:
        return 0.0
    times = [connection.execute(LAST, (one,)).fetchone()[2] for one in (newest, end)]
    try:
        first, second = (datetime.fromisoformat(str(one)) for one in times)
        return max(0.0, (second - first).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise AuditError(f"{file} can't be read: {error.strerror or error}") from error
