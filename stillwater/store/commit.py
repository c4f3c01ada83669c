"""Committing a transition: what the single writer remembers, and the one statement it runs."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple, Protocol

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection

from stillwater.errors import InputError
from stillwater.machine import Event, IllegalEvent, Row, State, fire
from stillwater.seal import Sealed
from stillwater.store import statements as sql
from stillwater.store.engine import driver
from stillwater.store.errors import LOST, StaleCommit, TakenOver
from stillwater.store.record import Record
from stillwater.store.schema import GENESIS
from stillwater.store.times import stamp


class Move(NamedTuple):
    """What a commit asks for; see Store.commit."""

    machine_id: int
    expect_seq: int
    event: Event
    sealed: Sealed
    started_at: datetime
    finished_at: datetime
    attempt: int
    next_attempt: int
    model: str | None
    not_before: datetime | None


@dataclass(slots=True)
class _Known:
    run_id: str
    instance_id: str
    arm: str
    state: State
    seq: int


class Table(Protocol):
    """The transitions of a database, as the one writer needs them."""

    refusals: tuple[type[Exception], ...]
    """What the driver raises where the database refuses what doesn't follow from what it holds."""

    def set_up(self) -> None:
        """What the connection needs before its first commit."""

    def head(self) -> str | None:
        """The digest of the last transition."""

    def position(self, machine_id: int) -> tuple[str, str, str, str, int] | None:
        """A machine's run, instance, arm, state and seq."""

    def last_epoch(self) -> int | None:
        """The number of the newest epoch."""

    def append(self, values: tuple[object, ...], holder: int | None) -> None:
        """Write a transition and all that belongs to it, or nothing.

        The values are in the order of `statements.OF_COMMIT`; `holder` is the connection that a
        server holds the scheduler's lease for.
        """


class FileTable:
    """That of a file."""

    refusals: tuple[type[Exception], ...] = (sqlite.IntegrityError,)

    def __init__(self, connection: Connection) -> None:
        self._execute = driver(connection).execute

    def set_up(self) -> None:
        """See Table."""
        for statement in sql.SET_UP_COMMITS:
            self._execute(statement)

    def head(self) -> str | None:
        """See Table."""
        row = self._execute(sql.HEAD.sql).fetchone()
        return row[0] if row else None

    def position(self, machine_id: int) -> tuple[str, str, str, str, int] | None:
        """See Table."""
        values = sql.POSITION.values({"machine_id": machine_id})
        found: tuple[str, str, str, str, int] | None = self._execute(
            sql.POSITION.sql, values
        ).fetchone()
        return found

    def last_epoch(self) -> int | None:
        """See Table."""
        found: int | None = self._execute(sql.LAST_EPOCH.sql).fetchone()[0]
        return found

    def append(self, values: tuple[object, ...], holder: int | None) -> None:
        """See Table."""
        self._execute(sql.COMMIT, values)


def _table(connection: Connection) -> Table:
    if connection.dialect.name == "postgresql":
        from stillwater.store.postgresql.commits import ServerTable

        return ServerTable(connection)
    return FileTable(connection)


class Writer:
    """Appends to the one chain that runs through all transitions of a database.

    One chain, not one for each machine: its head alone, kept elsewhere, then vouches for every row,
    and rows cut off the end are missed whatever machine they belong to. It costs nothing: there is
    one writer, which remembers the head (and each machine's state and seq) between commits. The
    database refuses what doesn't follow from what it holds, whoever wrote that; then, and after any
    other failure, all is read anew.
    """

    def __init__(self, connection: Connection) -> None:
        self._table = _table(connection)
        self._refusals: tuple[type[Exception], ...] = (
            *self._table.refusals,
            IllegalEvent,
            StaleCommit,
        )
        self._is_set_up = False
        self._head: str | None = None
        self._known: dict[int, _Known] = {}
        self.epoch: int | None = None
        self.holder: int | None = None

    def commit(self, move: Move, now: str) -> Record:
        """Write the transition, its artifacts and the machine's new state, or nothing at all."""
        if not self._is_set_up:
            self._table.set_up()
            self._is_set_up = True
        remembered = self._head is not None
        try:
            return self._commit(move, now)
        except self._refusals as error:
            if self.is_taken_over():
                raise TakenOver(LOST) from error
            if not remembered:
                raise
            return self._commit(move, now)

    def is_taken_over(self) -> bool:
        """Whether a later scheduler has begun its epoch."""
        if self.epoch is None:
            return False
        return self._table.last_epoch() != self.epoch

    def _commit(self, move: Move, now: str) -> Record:
        known, head = self._current(move.machine_id)
        # What an interruption or a failure leaves behind is read, never assumed.
        self._head = None
        if known.seq != move.expect_seq:
            raise StaleCommit(
                f"machine {move.machine_id} is at transition {known.seq}, not {move.expect_seq}: "
                "another scheduler has moved it"
            )
        target = _target(known.state, move.event)
        record = Record(
            machine_id=move.machine_id,
            run_id=known.run_id,
            instance_id=known.instance_id,
            arm=known.arm,
            seq=known.seq + 1,
            source=known.state.value,
            event=move.event.value,
            target=target.value,
            attempt=move.attempt,
            started_at=stamp(move.started_at),
            finished_at=stamp(move.finished_at),
            evidence=move.sealed.canonical,
            prev_sha256=head,
        )
        self._table.append(_values(record, move, now, self.epoch), self.holder)
        known.state, known.seq = target, record.seq
        self._head = record.sha256
        return record

    def _current(self, machine_id: int) -> tuple[_Known, str]:
        if self._head is None:
            self._known.clear()
            self._head = self._table.head() or GENESIS
        known = self._known.get(machine_id)
        if known is None:
            row = self._table.position(machine_id)
            if row is None:
                raise InputError(f"there is no machine {machine_id} in this database")
            run_id, instance_id, arm, state, seq = row
            known = _Known(run_id, instance_id, arm, State(state), seq)
            self._known[machine_id] = known
        return known, self._head


@cache
def _target(state: State, event: Event) -> State:
    # The chart answers the same every time, and setting one up costs as much as the commit itself.
    return fire(Row(state.value), event)


def _values(record: Record, move: Move, now: str, epoch: int | None) -> tuple[object, ...]:
    """In the order of `statements.OF_COMMIT`."""
    return (
        record.machine_id,
        record.seq,
        record.source,
        record.event,
        record.target,
        record.attempt,
        record.started_at,
        record.finished_at,
        record.evidence.decode(),
        record.prev_sha256,
        record.sha256,
        move.sealed.listed,
        move.sealed.contents,
        move.next_attempt,
        move.model,
        None if move.not_before is None else stamp(move.not_before),
        now,
        epoch,
    )
