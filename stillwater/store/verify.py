"""Checking that the evidence is whole: the chain, the steps of each machine, the artifacts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from stillwater.machine import State, edges
from stillwater.store import statements as sql
from stillwater.store.record import Record
from stillwater.store.rows import Verification
from stillwater.store.schema import GENESIS, artifacts, machines

EDGES = frozenset(edges())


def verify(connection: Connection) -> Verification:
    """Walk all transitions within the transaction that `connection` is in."""
    stored = frozenset(connection.execute(select(artifacts.c.sha256)).scalars())
    walk = _Walk(stored)
    for row in connection.execute(sql.CHAIN).yield_per(1000):
        problem = walk.step(row)
        if problem:
            return Verification(walk.rows, f"transition {row.id}: {problem}")
    return Verification(walk.rows, next(_misplaced(connection, walk.states), None))


class _Walk:
    def __init__(self, stored: frozenset[str]) -> None:
        self._stored = stored
        self._head = GENESIS
        self._seqs: dict[int, int] = {}
        self.states: dict[int, str] = {}
        self.rows = 0

    def step(self, row: Row[Any]) -> str | None:
        """What is wrong with the next transition; None if nothing is."""
        self.rows += 1
        problem = self._problem(row)
        self._head = row.sha256
        self._seqs[row.machine_id] = row.seq
        self.states[row.machine_id] = row.target
        return problem

    def _problem(self, row: Row[Any]) -> str | None:
        if row.prev_sha256 != self._head:
            return "it doesn't name the digest of the one before it"
        if _record(row).sha256 != row.sha256:
            return "its content doesn't have the digest it was stored with"
        if row.seq != self._seqs.get(row.machine_id, 0) + 1:
            return f"machine {row.machine_id} has a gap before seq {row.seq}"
        if row.source != self.states.get(row.machine_id, State.READ):
            return f"it starts from {row.source}, where machine {row.machine_id} was not"
        if (row.source, row.event, row.target) not in EDGES:
            return f"{row.source} {row.event} {row.target} is not an edge of the graph"
        named = json.loads(row.evidence).get("artifacts", {})
        absent = next((f"{k} {sha}" for k, sha in named.items() if sha not in self._stored), None)
        return f"its artifact {absent} is not stored" if absent else None


def _record(row: Row[Any]) -> Record:
    return Record(
        machine_id=row.machine_id,
        run_id=row.run_id,
        instance_id=row.instance_id,
        arm=row.arm,
        seq=row.seq,
        source=row.source,
        event=row.event,
        target=row.target,
        attempt=row.attempt,
        started_at=row.started_at,
        finished_at=row.finished_at,
        evidence=row.evidence.encode(),
        prev_sha256=row.prev_sha256,
    )


def _misplaced(connection: Connection, states: Mapping[int, str]) -> Iterator[str]:
    for row in connection.execute(select(machines.c.id, machines.c.state)):
        expected = states.get(row.id, State.READ)
        if row.state != expected:
            yield f"machine {row.id} is in {row.state}, but its transitions lead to {expected}"
