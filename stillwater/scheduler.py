"""The scheduler: takes the machines that are ready, runs their steps, commits each outcome.

It is the only writer. What is not committed has not happened, so resuming is nothing special: a
scheduler that starts on a database simply goes on.
"""

import queue
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from stillwater.config import Config
from stillwater.datasets import Instance, instance_of
from stillwater.executors import Ended, Executor
from stillwater.machine import FINAL, Event, State
from stillwater.models.client import BUILTIN
from stillwater.models.pool import Pool
from stillwater.needed import KEPT, needed
from stillwater.ready import Ready
from stillwater.seal import seal
from stillwater.slots import SLOT_OF, Slot
from stillwater.snapshot import Outcome, Past, Snapshot
from stillwater.store import MachineRow, Store

FINISH_SECONDS = 7.0
CANCEL_SECONDS = 2.0


class Listener(Protocol):
    """Who watches a run: told of every step that starts and every transition that is committed."""

    def started(self, machine_id: int, state: State, attempt: int) -> None:
        """A step of this machine begins."""

    def committed(self, machine_id: int, past: Past) -> None:
        """A transition of this machine is in the database."""


@dataclass
class Tracked:
    """What the scheduler keeps of a machine that is not yet final."""

    row: MachineRow
    since: int
    """The seq of its last transition before this scheduler."""
    past: list[Past] | None = None
    instance: Instance | None = None
    blobs: dict[str, bytes] = field(default_factory=dict)
    waits_since: int | None = None
    """How many steps the world had served, of those like its own, when it began to wait."""


@dataclass(frozen=True)
class Done:
    """A step's end, on its way from the executor to the scheduler."""

    snapshot: Snapshot
    started_at: datetime
    ended: Ended


@dataclass
class Scheduler:
    """Drives all machines of one run to their ends. Holds the database's lease while it lives."""

    store: Store
    run_id: str
    dataset_sha256: str
    config: Config
    executor: Executor
    listener: Listener | None = None
    arms: Mapping[str, Config] = field(default_factory=dict)
    """The configuration of an arm's machines, where it isn't `config`."""
    pool: Pool | None = None
    """The endpoints that the model's steps share, where there are several."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    blocked: str | None = field(default=None, init=False)
    """Why the run stopped by itself: what someone has to see to before it can go on."""

    _tracked: dict[int, Tracked] = field(default_factory=dict, init=False)
    _done: "queue.SimpleQueue[Done | None]" = field(default_factory=queue.SimpleQueue, init=False)
    _signals: int = field(default=0, init=False)
    _cancelled: str | None = field(default=None, init=False)
    _served: Counter[tuple[Slot, str]] = field(default_factory=Counter, init=False)

    def cancel(self, reason: str) -> None:
        """Abort every machine that isn't final, for this reason; steps under way are stopped."""
        self._cancelled = reason
        self._wake()

    def stop(self) -> None:
        """Start no further step. A second call doesn't wait for those that run."""
        self._signals += 1
        self._wake()

    def limits(self) -> Mapping[Slot, int]:
        """How many steps of each kind may be under way now."""
        limits = self.executor.limits()
        if self.pool is None:
            return limits
        return {**limits, Slot.MODEL: min(limits[Slot.MODEL], self.pool.slots())}

    def run(self) -> bool:
        """Go on until every machine is final (True), or `stop` was called or the run is `blocked`
        (False)."""
        self._log = structlog.get_logger().bind(run=self.run_id)
        self._ready = Ready(self.limits(), self.pool)
        for row in self.store.active(self.run_id):
            self._tracked[row.id] = Tracked(row, row.seq)
            self._ready.add(row, self.clock(), self._prefix(row))
        with self.pool.watched(self._wake) if self.pool else nullcontext():
            self._advance()
        if self._cancelled is not None:
            self._cut_short()
            abandon(self.store, self.run_id, self._cancelled, self.clock())
            return True
        if self._signals:
            self._wind_down()
            return False
        self.store.finish_run(self.run_id)
        return True

    def _advance(self) -> None:
        while self._tracked and not self._signals and self._cancelled is None:
            now = self.clock()
            if self.pool and (barred := self.pool.barred()):
                self.blocked = barred
                self.stop()
                return
            self._ready.limit(self.limits())
            for machine_id in self._ready.take(now):
                self._start(machine_id)
            self._take(self._ready.seconds_to_next(now))

    def _prefix(self, row: MachineRow) -> str | None:
        """What names the beginning of the machine's next prompt, if the run's servers read it."""
        own_server = bool(self.pool and self.arms.get(row.arm, self.config).api_base)
        if SLOT_OF[row.state] is not Slot.MODEL or row.model.startswith(BUILTIN) or own_server:
            return None
        # The arms of one instance are shown the same files first.
        return row.instance_id

    def _wake(self) -> None:
        self._done.put(None)

    def _start(self, machine_id: int) -> None:
        snapshot = self._snapshot(self._tracked[machine_id])
        started_at = self.clock()
        if self.listener:
            self.listener.started(machine_id, snapshot.state, snapshot.attempt)
        self.executor.submit(
            snapshot, lambda ended: self._done.put(Done(snapshot, started_at, ended))
        )

    def _snapshot(self, tracked: Tracked) -> Snapshot:
        row = tracked.row
        if tracked.past is None:
            tracked.past = list(self.store.history(row.id)) if row.seq else []
        wanted = needed(row, tracked.past)
        missing = wanted - tracked.blobs.keys()
        if missing:
            tracked.blobs = tracked.blobs | self.store.artifacts(missing)
        if row.state is State.GENERATE:
            tracked.blobs = {sha256: tracked.blobs[sha256] for sha256 in wanted}
        if tracked.instance is None:
            content = self.store.instance(self.dataset_sha256, row.instance_id)
            tracked.instance = instance_of(content)
        return Snapshot(
            run_id=self.run_id,
            machine_id=row.id,
            arm=row.arm,
            instance=tracked.instance,
            config=self.arms.get(row.arm, self.config),
            state=row.state,
            attempt=row.attempt,
            model=row.model,
            past=tuple(tracked.past),
            blobs=tracked.blobs,
            endpoint=self._ready.endpoint(row.id),
            patient_since=tracked.since,
            others_served=tracked.waits_since != self._served[_needs(row)],
        )

    def _take(self, seconds: float | None) -> None:
        try:
            done = self._done.get(timeout=seconds)
        except queue.Empty:
            return
        if done is not None:
            self._commit(done)

    def _commit(self, done: Done) -> None:
        machine_id, outcome = done.snapshot.machine_id, done.ended.outcome
        self._ready.ended(machine_id)
        self._release(done)
        if outcome is None:
            return
        tracked = self._tracked[machine_id]
        row = tracked.row
        now = self.clock()
        wait = outcome.evidence.get("wait_seconds") if outcome.event is Event.DEFER else None
        not_before = now + timedelta(seconds=wait) if isinstance(wait, int | float) else None
        attempt = row.attempt + (outcome.event is Event.RETRY)
        past = self.store.commit(
            row.id,
            expect_seq=row.seq,
            event=outcome.event,
            sealed=done.ended.sealed,
            started_at=done.started_at,
            finished_at=now,
            attempt=row.attempt,
            next_attempt=attempt,
            model=outcome.model,
            not_before=not_before,
        )
        tracked.row = replace(
            row,
            state=past.target,
            attempt=attempt,
            model=outcome.model or row.model,
            not_before=not_before,
            seq=past.seq,
        )
        fresh = {one.sha256: one.content for name, one in outcome.artifacts.items() if name in KEPT}
        tracked.blobs = {**tracked.blobs, **fresh}
        if tracked.past is not None:
            tracked.past.append(past)
        if self.listener:
            self.listener.committed(machine_id, past)
        self._tell(row, past, outcome)
        self._note_served(tracked, row, past.event)
        if past.target in FINAL:
            del self._tracked[machine_id]
            self._ready.forget(machine_id)
        else:
            self._ready.add(tracked.row, now, self._prefix(tracked.row))
        why = done.ended.needs_a_person or (done.ended.spent if self._all_wait() else None)
        if why and not self.blocked and not self._can_go_elsewhere(done):
            self.blocked = why
            # A second stop would cut off the steps that the first lets come to their end.
            if not self._signals:
                self.stop()

    def _all_wait(self) -> bool:
        """Whether the world has failed all that are left, and served none of them since."""
        left = self._tracked.values()
        return bool(left) and all(one.waits_since is not None for one in left)

    def _note_served(self, tracked: Tracked, row: MachineRow, event: Event) -> None:
        needs = _needs(row)
        if event is not Event.DEFER:
            tracked.waits_since = None
            self._served[needs] += event is not Event.ABORT
        elif tracked.waits_since is None:
            tracked.waits_since = self._served[needs]

    def _release(self, done: Done) -> None:
        url, outcome = done.snapshot.endpoint, done.ended.outcome
        if self.pool is None or url is None:
            return
        answered: bool | None = None
        if done.ended.model_failed:
            answered = False
        elif outcome is not None and "completion" in outcome.artifacts:
            answered = True
        self.pool.ended(url, answered, str(outcome.evidence.get("reason")) if outcome else "")

    def _can_go_elsewhere(self, done: Done) -> bool:
        url = done.snapshot.endpoint
        if self.pool is None or url is None or not done.ended.model_failed:
            return False
        return self.pool.has_others(url)

    def _tell(self, row: MachineRow, past: Past, outcome: Outcome) -> None:
        told = {"instance": row.instance_id, "state": past.source.value}
        if past.event is Event.DEFER:
            self._log.warning("world failed", reason=past.evidence["reason"], **told)
        if trace := outcome.artifacts.get("traceback"):
            text = trace.content.decode("utf-8", "replace")
            self._log.error("step crashed", error=past.evidence["reason"], traceback=text, **told)
        self._log.info(
            "transition", instance=row.instance_id, attempt=past.attempt,
            source=past.source.value, happened=past.event.value, target=past.target.value,
        )  # fmt: skip

    def _wind_down(self) -> None:
        self._drain(FINISH_SECONDS, until_signals=2)
        self._cut_short()

    def _cut_short(self) -> None:
        if self._ready.running:
            self.executor.cancel()
            self._drain(CANCEL_SECONDS, until_signals=3)

    def _drain(self, seconds: float, until_signals: int) -> None:
        deadline = time.monotonic() + seconds
        while self._ready.running and self._signals < until_signals:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._take(left)


def _needs(row: MachineRow) -> tuple[Slot, str]:
    """What serves the machine's step: its model, or what tests run in, which READ needs too."""
    slot = SLOT_OF[row.state]
    if slot is Slot.MODEL:
        return slot, row.model
    return (Slot.SANDBOX if slot is Slot.PREPARE else slot), ""


def abandon(store: Store, run_id: str, reason: str, now: datetime) -> None:
    """Abort every machine of the run that isn't final, for this reason; the run is finished then.

    No scheduler may drive it meanwhile.
    """
    sealed = seal({"reason": reason}, {})
    for row in store.active(run_id):
        store.commit(
            row.id,
            expect_seq=row.seq,
            event=Event.ABORT,
            sealed=sealed,
            started_at=now,
            finished_at=now,
            attempt=row.attempt,
            next_attempt=row.attempt,
        )
    store.finish_run(run_id)
