"""What reports ask: each function opens the database for reading and reads one view.

All raise InputError for a database that is missing or not Stillwater's, StoreError for one that
can't be read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from stillwater.canonical import Json
from stillwater.machine import Event, State
from stillwater.store.engine import connect, reading
from stillwater.store.errors import sentences
from stillwater.store.times import moment
from stillwater.where import Database


@dataclass(frozen=True)
class OutcomeRow:
    """What came of one machine; `reason` is its last event, `seconds` what its steps took."""

    machine_id: int
    instance_id: str
    arm: str
    repo: str | None
    state: State
    attempts: int
    model: str | None
    seconds: float
    patch_sha256: str | None
    reason: Event | None


@dataclass(frozen=True)
class SuccessRow:
    """How many machines of an arm were verified at attempt k or earlier."""

    arm: str
    k: int
    verified: int
    total: int


@dataclass(frozen=True)
class UsageRow:
    """What one model was asked and took; tokens are None where it never told."""

    model: str | None
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    seconds: float


@dataclass(frozen=True)
class RepositoryRow:
    """The outcomes of one repository's machines."""

    repo: str | None
    arm: str
    verified: int
    failed: int
    total: int


@dataclass(frozen=True)
class Step:
    """One transition of a machine, with its times and its place in the chain."""

    id: int
    seq: int
    source: State
    event: Event
    target: State
    attempt: int
    started_at: datetime
    finished_at: datetime
    evidence: Mapping[str, Json]
    sha256: str

    @property
    def seconds(self) -> float:
        """How long the step took."""
        return (self.finished_at - self.started_at).total_seconds()


OUTCOMES = """
SELECT machine_id, instance_id, arm, repo, state, attempts, model, seconds, patch_sha256, reason
FROM outcomes WHERE run_id = :run_id ORDER BY machine_id
"""

SUCCESS_AT_K = """
SELECT arm, k, verified, total FROM success_at_k WHERE run_id = :run_id ORDER BY arm, k
"""

MODEL_USAGE = """
SELECT model, calls, prompt_tokens, completion_tokens, cached_tokens, seconds
FROM model_usage WHERE run_id = :run_id ORDER BY calls DESC, model NULLS FIRST
"""

BY_REPOSITORY = """
SELECT repo, arm, count(*) FILTER (WHERE state = 'VERIFIED') AS verified,
  count(*) FILTER (WHERE state = 'FAILED') AS failed, count(*) AS total
FROM outcomes WHERE run_id = :run_id GROUP BY repo, arm ORDER BY repo NULLS FIRST, arm
"""

TIMELINE = """
SELECT id, seq, source, event, target, attempt, started_at, finished_at, evidence, sha256
FROM transitions WHERE machine_id = :machine_id ORDER BY seq
"""


def outcomes(db: Database, run_id: str) -> list[OutcomeRow]:
    """One row for each machine of the run, in the order of their creation."""
    return [
        OutcomeRow(
            **{
                **row._mapping,
                "state": State(row.state),
                "reason": None if row.reason is None else Event(row.reason),
            }
        )
        for row in _read(db, OUTCOMES, run_id=run_id)
    ]


def success_at_k(db: Database, run_id: str) -> list[SuccessRow]:
    """One row for each arm and k, from 1 to the most attempts the run allows."""
    return [SuccessRow(**row._mapping) for row in _read(db, SUCCESS_AT_K, run_id=run_id)]


def model_usage(db: Database, run_id: str) -> list[UsageRow]:
    """One row for each model that was asked, the most asked first."""
    return [UsageRow(**row._mapping) for row in _read(db, MODEL_USAGE, run_id=run_id)]


def by_repository(db: Database, run_id: str) -> list[RepositoryRow]:
    """One row for each repository and arm."""
    return [RepositoryRow(**row._mapping) for row in _read(db, BY_REPOSITORY, run_id=run_id)]


def timeline(db: Database, machine_id: int) -> list[Step]:
    """The transitions of a machine, oldest first."""
    return [Step(**columns(row)) for row in _read(db, TIMELINE, machine_id=machine_id)]


def columns(row: Row[Any]) -> dict[str, Any]:
    """The columns of a transition's row, as what they mean."""
    return {
        **row._mapping,
        "source": State(row.source),
        "event": Event(row.event),
        "target": State(row.target),
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
        "evidence": json.loads(row.evidence),
    }


def _read(db: Database, statement: str, **values: object) -> Sequence[Row[Any]]:
    connection = connect(db, read_only=True)
    try:
        with sentences(db), reading(connection):
            return connection.execute(text(statement), values).all()
    finally:
        connection.close()
