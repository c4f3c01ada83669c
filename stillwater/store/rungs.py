"""The rungs that were tried of a run: a table of its own, chained like the transitions.

The digest of a row is that of the canonical JSON of all that it holds but its id and the digest.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from stillwater.canonical import Json, canonical, digest
from stillwater.store.schema import GENESIS, rungs, transitions
from stillwater.store.times import moment

_LAST = select(rungs.c.sha256).order_by(rungs.c.id.desc()).limit(1)
_HEAD = select(transitions.c.id, transitions.c.sha256).order_by(transitions.c.id.desc()).limit(1)
_OF_RUN = select(rungs).where(rungs.c.run_id == bindparam("run")).order_by(rungs.c.id)
_IN_CHAIN = (
    select(func.count())
    .select_from(transitions)
    .where(transitions.c.id == bindparam("head_id"), transitions.c.sha256 == bindparam("head"))
)


@dataclass(frozen=True)
class NewRung:
    """What is to be written of a rung: of which run, whether it holds, and what was checked."""

    run_id: str
    rung: int
    holds: bool
    version: str
    result: Mapping[str, Json]


@dataclass(frozen=True)
class RungRow:
    """A rung as it was written; the head is that of the transitions then.

    `stands` says whether that head is in the chain that the database has now.
    """

    id: int
    run_id: str
    rung: int
    holds: bool
    at: datetime
    version: str
    head_id: int
    head_sha256: str
    result: Mapping[str, Json]
    sha256: str
    stands: bool


def add(connection: Connection, new: NewRung, now: str) -> int:
    """Write it within the transaction that `connection` is in; its id."""
    head = connection.execute(_HEAD).first()
    result = canonical(new.result)
    record: dict[str, Json] = {
        "run_id": new.run_id,
        "rung": new.rung,
        "holds": int(new.holds),
        "at": now,
        "version": new.version,
        "head_id": head.id if head else 0,
        "head_sha256": head.sha256 if head else GENESIS,
        "result": json.loads(result),
        "prev_sha256": connection.scalar(_LAST) or GENESIS,
    }
    row = {**record, "result": result.decode(), "sha256": digest(canonical(record))}
    written = connection.execute(insert(rungs).returning(rungs.c.id), row)
    return int(written.scalar_one())


def of_run(connection: Connection, run_id: str) -> list[RungRow]:
    """All that were written of the run, oldest first."""
    return [_row(connection, row) for row in connection.execute(_OF_RUN, {"run": run_id})]


def _row(connection: Connection, row: Row[Any]) -> RungRow:
    named = {"head_id": row.head_id, "head": row.head_sha256}
    found = connection.scalar(_IN_CHAIN, named)
    return RungRow(
        id=row.id,
        run_id=row.run_id,
        rung=row.rung,
        holds=bool(row.holds),
        at=moment(row.at),
        version=row.version,
        head_id=row.head_id,
        head_sha256=row.head_sha256,
        result=json.loads(row.result),
        sha256=row.sha256,
        stands=bool(found) or row.head_sha256 == GENESIS,
    )
