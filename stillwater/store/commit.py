"""Committing a transition: what the single writer remembers, and the one transaction it writes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

import pysqlite3.dbapi2 as sqlite
import zstandard
from sqlalchemy import Connection

from stillwater.canonical import Json, canonical
from stillwater.errors import InputError, StillwaterError
from stillwater.machine import Event, Row, State, fire
from stillwater.snapshot import Artifact
from stillwater.store import statements as sql
from stillwater.store.engine import driver
from stillwater.store.errors import StaleCommit
from stillwater.store.record import Record
from stillwater.store.schema import GENESIS
from stillwater.store.times import stamp

LEVEL = 3
"""Of zstd: prompts and logs shrink to a quarter at some 200 MB/s."""


class UnfitEvidence(StillwaterError):
    """Evidence that JSON can't hold: a defect of the step that gave it; nothing was written."""


@dataclass(frozen=True)
class Move:
    """What a commit asks for; see Store.commit."""

    machine_id: int
    expect_seq: int
    event: Event
    evidence: Mapping[str, Json]
    artifacts: Mapping[str, Artifact]
    started_at: datetime
    finished_at: datetime
    attempt: int
    next_attempt: int
    model: str | None
    not_before: datetime | None


@dataclass(frozen=True)
class _Known:
    run_id: str
    instance_id: str
    arm: str
    state: State
    seq: int


class Writer:
    """Appends to the one chain that runs through all transitions of a database.

    One chain, not one for each machine: its head alone, kept elsewhere, then vouches for every row,
    and rows cut off the end are missed whatever machine they belong to. It costs nothing: there is
    one writer, which remembers the head (and each machine's state and seq) between commits and
    reads them anew when `PRAGMA data_version` says that another connection has written, or after
    any failure.
    """

    def __init__(self, connection: Connection) -> None:
        self._driver = driver(connection)
        self._execute = self._driver.execute
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._version = -1
        self._head: str | None = None
        self._known: dict[int, _Known] = {}

    def commit(self, move: Move, now: str) -> tuple[Record, Mapping[str, Json]]:
        """Write the transition, its artifacts and the machine's new state, or nothing at all."""
        evidence = dict(move.evidence)
        if move.artifacts:
            evidence["artifacts"] = {k: blob.sha256 for k, blob in move.artifacts.items()}
        text = _canonical(evidence)
        blobs = [self._blob(blob) for blob in move.artifacts.values()]
        self._execute("BEGIN IMMEDIATE")
        try:
            record, known = self._write(move, text, blobs, now)
            # Not known again before COMMIT has returned: what an interruption or a failure of it
            # leaves behind is read, never assumed.
            self._head = None
            self._execute("COMMIT")
        except BaseException:
            self._head = None
            self._roll_back()
            raise
        self._known[move.machine_id] = replace(known, state=State(record.target), seq=record.seq)
        self._head = record.sha256
        return record, evidence

    def _write(
        self, move: Move, text: bytes, blobs: list[dict[str, object]], now: str
    ) -> tuple[Record, _Known]:
        known, head = self._current(move.machine_id)
        if known.seq != move.expect_seq:
            raise StaleCommit(
                f"machine {move.machine_id} is at transition {known.seq}, not {move.expect_seq}: "
                "another scheduler has moved it"
            )
        record = Record(
            machine_id=move.machine_id,
            run_id=known.run_id,
            instance_id=known.instance_id,
            arm=known.arm,
            seq=known.seq + 1,
            source=known.state.value,
            event=move.event.value,
            target=_target(known.state, move.event).value,
            attempt=move.attempt,
            started_at=stamp(move.started_at),
            finished_at=stamp(move.finished_at),
            evidence=text,
            prev_sha256=head,
        )
        for blob in blobs:
            self._run(sql.INSERT_ARTIFACT, blob)
        self._run(sql.INSERT_TRANSITION, _columns(record))
        self._run(
            sql.MOVE_MACHINE,
            {
                "machine_id": move.machine_id,
                "to_state": record.target,
                "to_attempt": move.next_attempt,
                "to_model": move.model,
                "to_not_before": None if move.not_before is None else stamp(move.not_before),
                "now": now,
            },
        )
        return record, known

    def _roll_back(self) -> None:
        # After a full disk SQLite has rolled back by itself.
        if self._driver.in_transaction:
            with suppress(sqlite.Error):
                self._execute("ROLLBACK")

    def _current(self, machine_id: int) -> tuple[_Known, str]:
        (version,) = self._execute("PRAGMA data_version").fetchone()
        if version != self._version or self._head is None:
            self._known.clear()
            row = self._execute(sql.HEAD.sql).fetchone()
            self._head, self._version = row[0] if row else GENESIS, version
        known = self._known.get(machine_id)
        if known is None:
            values = sql.POSITION.values({"machine_id": machine_id})
            row = self._execute(sql.POSITION.sql, values).fetchone()
            if row is None:
                raise InputError(f"there is no machine {machine_id} in this database")
            run_id, instance_id, arm, state, seq = row
            known = _Known(run_id, instance_id, arm, State(state), seq)
            self._known[machine_id] = known
        return known, self._head

    def _run(self, statement: sql.Prepared, named: Mapping[str, object]) -> None:
        self._execute(statement.sql, statement.values(named))

    def _blob(self, blob: Artifact) -> dict[str, object]:
        return {
            "sha256": blob.sha256,
            "kind": blob.kind,
            "media_type": blob.media_type,
            "size": len(blob.content),
            "content": self._compressor.compress(blob.content),
        }


@cache
def _target(state: State, event: Event) -> State:
    # The chart answers the same every time, and setting one up costs as much as the commit itself.
    return fire(Row(state.value), event)


def _canonical(evidence: Mapping[str, Json]) -> bytes:
    try:
        return canonical(evidence)
    except (ValueError, TypeError) as error:
        raise UnfitEvidence(f"the evidence can't be stored as JSON: {error}") from error


def _columns(record: Record) -> dict[str, object]:
    return {
        "machine_id": record.machine_id,
        "seq": record.seq,
        "source": record.source,
        "event": record.event,
        "target": record.target,
        "attempt": record.attempt,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "evidence": record.evidence.decode(),
        "prev_sha256": record.prev_sha256,
        "sha256": record.sha256,
    }
