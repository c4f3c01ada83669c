"""The store: the one way to read and write a database of Stillwater's."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import RLock
from types import TracebackType
from typing import Any, Self

import zstandard
from sqlalchemy import Connection, Row
from sqlalchemy.sql import Executable

from stillwater import __version__
from stillwater.canonical import Json, digest
from stillwater.errors import InputError
from stillwater.machine import Event, State
from stillwater.seal import Sealed
from stillwater.snapshot import Past
from stillwater.store import rungs
from stillwater.store import statements as sql
from stillwater.store.commit import Move, Writer
from stillwater.store.create import NewRun, create
from stillwater.store.engine import connect, reading
from stillwater.store.errors import LOST, PAUSED, StoreError, TakenOver, sentences
from stillwater.store.lease import Lease
from stillwater.store.rows import MachineRow, RunRow
from stillwater.store.rungs import NewRung, RungRow
from stillwater.store.times import Clock, maybe, moment, stamp, utc_now
from stillwater.where import Database


class Store:
    """An open database. Any thread may call it; calls take turns.

    Every method raises StoreError, with one sentence, when the database can't be read or written;
    what was being written then is not in it.
    """

    def __init__(self, path: Database, connection: Connection, clock: Clock = utc_now) -> None:
        self.path = path
        """Which database it is: as text, what a person calls it."""
        self._connection = connection
        self._clock = clock
        self._lock = RLock()
        self._writer = Writer(connection)
        self._decompressor = zstandard.ZstdDecompressor()

    @classmethod
    def open(cls, path: Database, *, read_only: bool = False, clock: Clock = utc_now) -> Self:
        """Open the database `path`; for writing, it is made or migrated if need be.

        Raises:
            InputError: it is not Stillwater's, or newer, or (read only) missing or older.
        """
        return cls(path, connect(path, read_only), clock)

    def close(self) -> None:
        """Close the file; a store that is closed already stays so."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def create_run(
        self,
        *,
        run_id: str,
        dataset: str,
        dataset_sha256: str,
        config: Mapping[str, Json],
        version: str,
        rows: Sequence[Mapping[str, Json]],
        arms: Mapping[str, str],
    ) -> None:
        """Write a run, its instances and its machines, each in READ at attempt 1, all or nothing.

        `arms` names the model that each arm begins with.

        Raises:
            InputError: the run exists, or a row has no instance_id, or one that another row has.
            TakenOver: as `commit`.
        """
        new = NewRun(run_id, dataset, dataset_sha256, config, version, rows, arms)
        with self._writing() as connection:
            if self._writer.is_taken_over():
                raise TakenOver(f"{PAUSED}, and the run {run_id} is not written: begin it anew")
            create(connection, new, stamp(self._clock()))

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        return [_run(row) for row in self._all(sql.RUNS)]

    def run(self, run_id: str) -> RunRow:
        """The run of that id, or the only one whose id starts so; InputError if there is none."""
        rows = self.runs()
        found = [r for r in rows if r.id == run_id] or [r for r in rows if r.id.startswith(run_id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f"{run_id} may be any of {', '.join(r.id for r in found)}: write more")
        raise InputError(f"there is no run {run_id} in {self.path}: `stillwater status` lists them")

    def unfinished(self) -> RunRow | None:
        """The newest run that isn't finished, if any."""
        return next((run for run in self.runs() if run.finished_at is None), None)

    def finish_run(self, run_id: str) -> None:
        """Note when the run was finished; the first time counts."""
        with self._writing() as connection:
            connection.execute(sql.FINISH_RUN, {"run_id": run_id, "now": stamp(self._clock())})

    def machines(self, run_id: str) -> list[MachineRow]:
        """All machines of the run, in the order of their creation."""
        return [_machine(row) for row in self._all(sql.MACHINES, run_id=run_id)]

    def active(self, run_id: str) -> list[MachineRow]:
        """Those of them that are in no final state."""
        return [_machine(row) for row in self._all(sql.ACTIVE, run_id=run_id)]

    def machine(self, machine_id: int) -> MachineRow:
        """The machine of that id; InputError if there is none."""
        rows = self._all(sql.MACHINE, machine_id=machine_id)
        if not rows:
            raise InputError(f"there is no machine {machine_id} in {self.path}")
        return _machine(rows[0])

    def history(self, machine_id: int) -> tuple[Past, ...]:
        """The transitions of a machine, oldest first."""
        return tuple(_past(row) for row in self._all(sql.HISTORY, machine_id=machine_id))

    def instance(self, dataset_sha256: str, instance_id: str) -> dict[str, Json]:
        """The dataset's row for that instance; InputError if there is none."""
        rows = self._all(sql.INSTANCE, dataset_sha256=dataset_sha256, instance_id=instance_id)
        if not rows:
            raise InputError(f"there is no instance {instance_id} in {self.path}")
        content: dict[str, Json] = json.loads(rows[0].content)
        return content

    def artifact(self, sha256: str) -> bytes:
        """The content of an artifact, checked; StoreError if it is missing or has been altered."""
        rows = self._all(sql.ARTIFACT, sha256=sha256)
        if not rows:
            raise StoreError(f"{self.path} has no artifact {sha256}")
        try:
            with self._lock:
                content = self._decompressor.decompress(rows[0].content, rows[0].size)
        except zstandard.ZstdError as error:
            raise StoreError(f"the artifact {sha256} in {self.path} is damaged: {error}") from error
        if digest(content) != sha256:
            raise StoreError(f"the artifact {sha256} in {self.path} is not what was stored")
        return content

    def artifacts(self, shas: Iterable[str]) -> dict[str, bytes]:
        """The contents of several artifacts by their SHA-256."""
        return {sha256: self.artifact(sha256) for sha256 in dict.fromkeys(shas)}

    def commit(
        self,
        machine_id: int,
        *,
        expect_seq: int,
        event: Event,
        sealed: Sealed,
        started_at: datetime,
        finished_at: datetime,
        attempt: int,
        next_attempt: int,
        model: str | None = None,
        not_before: datetime | None = None,
    ) -> Past:
        """Write what a step found, in one transaction: artifacts, transition, the machine's state.

        `expect_seq` is the seq of the machine's last transition as the caller knows it; `attempt`
        is recorded, `next_attempt` is the machine's from now on, and so is `model` if given. The
        machine's lease is cleared.

        Raises:
            IllegalEvent: the machine's state does not allow the event.
            StaleCommit: the machine has moved on.
            TakenOver: a later scheduler has begun its epoch.
        """
        move = Move(
            machine_id,
            expect_seq,
            event,
            sealed,
            started_at,
            finished_at,
            attempt,
            next_attempt,
            model,
            not_before,
        )
        with self._lock, sentences(self.path):
            record = self._writer.commit(move, stamp(self._clock()))
        source, target = State(record.source), State(record.target)
        return Past(record.seq, source, event, target, attempt, sealed.evidence)

    def begin_epoch(self, lease: Lease) -> int:
        """Begin the epoch of the scheduler that holds `lease`; commits of earlier ones are refused.

        Raises:
            TakenOver: another has taken the lease away meanwhile.
            Disconnected: the server that held it can't be reached any more.
        """
        with self._writing() as connection:
            lease.require()
            names = {name: lease.names[name] for name in ("pid", "host", "boot_id")}
            values = {"begun_at": stamp(self._clock()), "version": __version__, **names}
            row = connection.execute(sql.BEGIN_EPOCH, values).inserted_primary_key
        if row is None:
            raise StoreError(f"{self.path} gave the new epoch no number")
        self._writer.epoch, self._writer.holder = row.id, lease.backend
        return int(row.id)

    def add_rung(self, new: NewRung) -> int:
        """Write what a rung found, at the chain's head; its id. Raises TakenOver, as `commit`."""
        with self._writing() as connection:
            if self._writer.is_taken_over():
                raise TakenOver(LOST)
            return rungs.add(connection, new, stamp(self._clock()))

    def rungs(self, run_id: str) -> list[RungRow]:
        """The rungs that were tried of the run, oldest first."""
        with self.reading() as connection:
            return rungs.of_run(connection, run_id)

    def mark_leased(self, machine_ids: Iterable[int], owner: str, until: datetime) -> None:
        """Note who works on these machines and until when they may; nothing is decided by it."""
        values = {"ids": list(machine_ids), "owner": owner, "until": stamp(until)}
        with self._writing() as connection:
            connection.execute(sql.LEASE_MACHINES, values)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: all that is read in it is of one moment."""
        with self._lock, sentences(self.path), reading(self._connection):
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._lock, sentences(self.path), self._connection.begin():
            yield self._connection

    def _all(self, statement: Executable, **values: object) -> Sequence[Row[Any]]:
        with self.reading() as connection:
            return connection.execute(statement, values).all()


def _run(row: Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        created_at=moment(row.created_at),
        finished_at=maybe(row.finished_at),
        dataset=row.dataset,
        dataset_sha256=row.dataset_sha256,
        config=json.loads(row.config),
        version=row.version,
    )


def _machine(row: Row[Any]) -> MachineRow:
    return MachineRow(
        id=row.id,
        run_id=row.run_id,
        instance_id=row.instance_id,
        arm=row.arm,
        state=State(row.state),
        attempt=row.attempt,
        model=row.model,
        not_before=maybe(row.not_before),
        lease_owner=row.lease_owner,
        lease_until=maybe(row.lease_until),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        seq=row.seq,
        head=row.head,
    )


def _past(row: Row[Any]) -> Past:
    return Past(
        seq=row.seq,
        source=State(row.source),
        event=Event(row.event),
        target=State(row.target),
        attempt=row.attempt,
        evidence=json.loads(row.evidence),
    )
