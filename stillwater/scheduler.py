"""The scheduler: takes the machines that are ready, runs their steps, commits each outcome.

It is the only writer. What is not committed has not happened, so resuming is nothing special: a
scheduler that starts on a database simply goes on.
"""

import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from stillwater.config import Config
from stillwater.datasets import Instance, instance_of
from stillwater.executors import Ended, Executor
from stillwater.machine import FINAL, Event, State
from stillwater.ready import Ready
from stillwater.seal import seal
from stillwater.snapshot import Outcome, Past, Snapshot
from stillwater.store import MachineRow, Store

FINISH_SECONDS = 7.0
CANCEL_SECONDS = 2.0
CANCELLED = "cancelled by the operator"

FAILING, TESTS = (Event.READ, "failing"), (Event.READ, "tests")
EDITS = (Event.PROPOSED, "edits")
PATCH, LOG, FEEDBACK = (Event.APPLIED, "patch"), (Event.FAILED, "log"), (Event.RETRY, "feedback")
NEEDED: Mapping[State, frozenset[tuple[Event, str]]] = {
    State.READ: frozenset(),
    State.GENERATE: frozenset({FAILING, TESTS, PATCH, FEEDBACK}),
    State.APPLY: frozenset({EDITS}),
    State.TEST: frozenset({PATCH}),
    State.REFINE: frozenset({LOG}),
}
"""The artifacts that each state's step reads from the history, by the event that brought them."""
ONLY_THIS_ATTEMPT = frozenset({EDITS, LOG})
KEPT = frozenset(name for needed in NEEDED.values() for _, name in needed)
"""The names of those that the scheduler remembers, so as not to read them anew."""


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
    past: list[Past] | None = None
    instance: Instance | None = None
    blobs: dict[str, bytes] = field(default_factory=dict)


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
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    blocked: str | None = field(default=None, init=False)
    """Why the run stopped by itself: what someone has to see to before it can go on."""

    _tracked: dict[int, Tracked] = field(default_factory=dict, init=False)
    _done: "queue.SimpleQueue[Done | None]" = field(default_factory=queue.SimpleQueue, init=False)
    _signals: int = field(default=0, init=False)
    _cancelled: str | None = field(default=None, init=False)

    def cancel(self, reason: str) -> None:
        """Abort every machine that isn't final, for this reason; steps under way are stopped."""
        self._cancelled = reason
        self._done.put(None)

    def stop(self) -> None:
        """Start no further step. A second call doesn't wait for those that run."""
        self._signals += 1
        self._done.put(None)

    def run(self) -> bool:
        """Go on until every machine is final (True), or `stop` was called or the run is `blocked`
        (False)."""
        self._log = structlog.get_logger().bind(run=self.run_id)
        self._ready = Ready(self.executor.limits())
        for row in self.store.active(self.run_id):
            self._tracked[row.id] = Tracked(row)
            self._ready.add(row, self.clock())
        while self._tracked and not self._signals and self._cancelled is None:
            now = self.clock()
            self._ready.limit(self.executor.limits())
            for machine_id in self._ready.take(now):
                self._start(machine_id)
            self._take(self._ready.seconds_to_next(now))
        if self._cancelled is not None:
            self._cut_short()
            abandon(self.store, self.run_id, self._cancelled, self.clock())
            return True
        if self._signals:
            self._wind_down()
            return False
        self.store.finish_run(self.run_id)
        return True

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
        needed = _needed(row, tracked.past)
        missing = needed - tracked.blobs.keys()
        if missing:
            tracked.blobs = tracked.blobs | self.store.artifacts(missing)
        if row.state is State.GENERATE:
            tracked.blobs = {sha256: tracked.blobs[sha256] for sha256 in needed}
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
        if past.target in FINAL:
            del self._tracked[machine_id]
            self._ready.forget(machine_id)
        else:
            self._ready.add(tracked.row, now)
        if done.ended.needs_a_person and not self.blocked:
            self.blocked = done.ended.needs_a_person
            self.stop()

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


def _needed(row: MachineRow, past: list[Past]) -> set[str]:
    wanted = NEEDED[row.state]
    return {
        sha256
        for one in past
        for name, sha256 in one.artifacts.items()
        if (brought := (one.event, name)) in wanted
        and (brought not in ONLY_THIS_ATTEMPT or one.attempt == row.attempt)
    }
