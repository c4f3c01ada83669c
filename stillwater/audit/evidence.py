"""Evidence is canonical JSON, and every artifact that it names is there and is what it was."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pysqlite3.dbapi2 as sqlite
import zstandard

from stillwater.audit.canonical import parse
from stillwater.audit.database import Scope, reading
from stillwater.audit.model import Broken, Violation
from stillwater.audit.work import Workers

ROWS = """
SELECT t.id, CAST(t.evidence AS BLOB) FROM transitions AS t
WHERE t.id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR
  t.machine_id IN (SELECT id FROM machines WHERE run_id = ?3))
ORDER BY t.id
"""
ARTIFACT = "SELECT size, content FROM artifacts WHERE sha256 = ?"
ALL = "SELECT sha256 FROM artifacts"


@dataclass
class Piece:
    """A part of the transitions whose evidence was checked, and the artifacts it names."""

    rows: int = 0
    artifacts: set[str] = field(default_factory=set)
    violation: Violation | None = None


def check(connection: sqlite.Connection, scope: Scope, workers: Workers) -> Counter[str]:
    """Check the evidence of every transition in the scope; raises Broken."""
    rows, named = 0, set[str]()
    ranges = workers.ranges(scope.anchor + 1, scope.last)
    for piece in workers.map(look, [(scope, *one) for one in ranges]):
        if piece.violation:
            raise Broken(piece.violation.table, piece.violation.row, piece.violation.problem)
        rows += piece.rows
        named |= piece.artifacts
    if not scope.anchor and scope.run is None:
        for (one,) in connection.execute(ALL):
            if one not in named:
                raise Broken("artifacts", one, "no transition names it")
    return Counter(evidence=rows, artifacts=len(named))


def look(share: tuple[Scope, int, int]) -> Piece:
    """The evidence of the transitions of a range of ids."""
    scope, first, last = share
    piece = Piece()
    try:
        with reading(scope.db) as connection:
            for number, content in connection.execute(ROWS, (first, last, scope.run)):
                for name, digest in named_in(number, content):
                    if digest not in piece.artifacts:
                        artifact(connection, number, name, digest)
                        piece.artifacts.add(digest)
                piece.rows += 1
    except Broken as broken:
        piece.violation = broken.violation
    return piece


def named_in(number: int, content: bytes) -> Iterator[tuple[str, str]]:
    """Names and digests of the artifacts in the evidence of a transition; raises Broken."""
    try:
        evidence = parse(content.decode())
    except ValueError as error:
        problem = f"its evidence is not canonical JSON: {error}"
        raise Broken("transitions", number, problem) from error
    named: Any = evidence.get("artifacts", {}) if isinstance(evidence, dict) else None
    if not isinstance(named, dict) or not all(isinstance(one, str) for one in named.values()):
        raise Broken("transitions", number, "its evidence names no artifacts where it should")
    yield from named.items()


def artifact(connection: sqlite.Connection, number: int, name: str, digest: str) -> bytes:
    """The content of an artifact that transition `number` names; Broken if it isn't what it was."""
    row = connection.execute(ARTIFACT, (digest,)).fetchone()
    if row is None:
        raise Broken("transitions", number, f"its {name}, the artifact {digest}, is not there")
    size, stored = row
    try:
        # First, for what was altered may claim to be of any size.
        found = zstandard.frame_content_size(stored)
        if found != size:
            raise Broken("artifacts", digest, f"it has {found} bytes, not {size}")
        content = _decompressor.decompress(stored)
    except zstandard.ZstdError as error:
        raise Broken("artifacts", digest, f"it can't be decompressed: {error}") from error
    if sha256(content).hexdigest() != digest:
        raise Broken("artifacts", digest, "its content is not what its digest says")
    return content


_decompressor = zstandard.ZstdDecompressor()
