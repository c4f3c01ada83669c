"""Lists by the page, for who looks at a database piece by piece; each takes a read transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from stillwater.canonical import Json
from stillwater.machine import Event, State
from stillwater.store.queries import SUCCESS_AT_K
from stillwater.store.times import moment


@dataclass(frozen=True)
class Listed:
    """One transition, and whose it is."""

    id: int
    machine_id: int
    run_id: str
    instance_id: str
    arm: str
    seq: int
    source: State
    event: Event
    target: State
    attempt: int
    started_at: datetime
    finished_at: datetime
    evidence: Mapping[str, Json]
    prev_sha256: str
    sha256: str


TRANSITIONS = """
SELECT t.id, t.machine_id, m.run_id, m.instance_id, m.arm, t.seq, t.source, t.event, t.target,
  t.attempt, t.started_at, t.finished_at, t.evidence, t.prev_sha256, t.sha256
FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id
WHERE t.id > :after {where} ORDER BY t.id LIMIT :most
"""
ALL = text(TRANSITIONS.format(where=""))
OF_RUN = text(TRANSITIONS.format(where="AND m.run_id = :run_id"))
OF_MACHINE = text(TRANSITIONS.format(where="AND t.machine_id = :machine_id"))
LAST = text("SELECT coalesce(max(id), 0) FROM transitions")
STATES = text("SELECT run_id, state, count(*) AS machines FROM machines GROUP BY run_id, state")
SUCCESS = text(SUCCESS_AT_K)
KNOWN = text("SELECT kind, media_type FROM artifacts WHERE sha256 = :sha256")


def transitions(
    connection: Connection,
    after: int,
    most: int,
    run_id: str | None = None,
    machine_id: int | None = None,
) -> list[Listed]:
    """At most that many transitions with ids above `after`, oldest first; of a run or machine."""
    values: dict[str, object] = {"after": after, "most": most}
    statement = ALL
    if machine_id is not None:
        statement, values["machine_id"] = OF_MACHINE, machine_id
    elif run_id is not None:
        statement, values["run_id"] = OF_RUN, run_id
    return [_listed(row) for row in connection.execute(statement, values)]


def last_transition(connection: Connection) -> int:
    """The id of the last transition; 0 before the first."""
    return int(connection.execute(LAST).scalar_one())


def states(connection: Connection) -> dict[str, dict[State, int]]:
    """How many machines of each run are in each state."""
    found: dict[str, dict[State, int]] = {}
    for row in connection.execute(STATES):
        found.setdefault(row.run_id, {})[State(row.state)] = row.machines
    return found


def success_at_k(connection: Connection, run_id: str) -> list[dict[str, Any]]:
    """The rows of the view of that name: arm, k, verified, total."""
    rows = connection.execute(SUCCESS, {"run_id": run_id})
    return [dict(row._mapping) for row in rows]


def kind_of(connection: Connection, sha256: str) -> str | None:
    """What kind of artifact it is; None if there is none such."""
    rows: Sequence[Row[Any]] = connection.execute(KNOWN, {"sha256": sha256}).all()
    return rows[0].kind if rows else None


def _listed(row: Row[Any]) -> Listed:
    return Listed(
        **{
            **row._mapping,
            "source": State(row.source),
            "event": Event(row.event),
            "target": State(row.target),
            "started_at": moment(row.started_at),
            "finished_at": moment(row.finished_at),
            "evidence": json.loads(row.evidence),
        }
    )
