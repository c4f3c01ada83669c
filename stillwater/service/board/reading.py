"""What pages ask of the database, each in one query: spans of steps, failures, defers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from stillwater.machine import Event, State
from stillwater.store import Store
from stillwater.store.portable import Portable
from stillwater.store.times import moment
from stillwater.telling.summary import DEFERS

SPANS = text("""
SELECT t.machine_id, t.source, t.event, t.target, t.started_at, t.finished_at
FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id
WHERE m.run_id = :run_id ORDER BY t.id
""")
FAILURES = Portable("""
SELECT t.event, coalesce(fact(t.evidence, problem), fact(t.evidence, reason),
    fact(t.evidence, stopped), '') AS reason,
  count(*) AS times, count(DISTINCT t.machine_id) AS machines, min(t.machine_id) AS example
FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id
WHERE m.run_id = :run_id
  AND t.event IN ('unusable', 'rejected', 'failed', 'refuted', 'invalid', 'abort')
GROUP BY 1, 2 ORDER BY times DESC, 1, 2
""")
# A run has thousands of steps, and looking them up costs less than calling the enum.
STATES = {state.value: state for state in State}
EVENTS = {event.value: event for event in Event}


@dataclass(frozen=True)
class Span:
    """One step of a machine, from its start to its end."""

    machine_id: int
    source: State
    event: Event
    target: State
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class Failure:
    """A way in which attempts fail: how often, how many machines', and one of them."""

    event: Event
    reason: str
    times: int
    machines: int
    example: int


def spans(store: Store, run_id: str) -> list[Span]:
    """All steps of the run, in the order of their commits."""
    with store.reading() as connection:
        return [
            Span(
                row.machine_id,
                STATES[row.source],
                EVENTS[row.event],
                STATES[row.target],
                moment(row.started_at),
                moment(row.finished_at),
            )
            for row in connection.execute(SPANS, {"run_id": run_id})
        ]


def defers(store: Store, run_id: str) -> Sequence[Row[Any]]:
    """How often the world failed, by reason: `reason, defers, machines, waiting_seconds`."""
    with store.reading() as connection:
        return connection.execute(DEFERS.on(connection), {"run_id": run_id}).all()


def failures(store: Store, run_id: str) -> list[Failure]:
    """Where its attempts fail, the most frequent first."""
    with store.reading() as connection:
        return [
            Failure(Event(row.event), str(row.reason), row.times, row.machines, row.example)
            for row in connection.execute(FAILURES.on(connection), {"run_id": run_id})
        ]
