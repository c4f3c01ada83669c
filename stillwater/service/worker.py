"""Driving the runs of one database, one after the other, in a thread beside the server.

What is unfinished is what there is to do, so a service that starts again after kill -9 goes on by
itself. A run that can't go on (a refused key, no sandbox) waits for someone to resume it, and the
next has its turn meanwhile.
"""

import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import structlog

from stillwater import plans, runs
from stillwater.config import frozen
from stillwater.errors import InputError, StillwaterError, WorldError
from stillwater.machine import CANCELLED, State
from stillwater.models.pool import Server
from stillwater.scheduler import Scheduler, abandon
from stillwater.service.hub import Hub
from stillwater.slots import Slot, limits
from stillwater.snapshot import Past
from stillwater.steps import STEPS, Step
from stillwater.store import Disconnected, RunRow, Store, StoreError, TakenOver

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds until a run that the world stopped is tried again."""
TRIES = 3
"""How often the world may fail a run in a row before others go first."""


class RunFinished(InputError):
    """Nothing can be done to a run that has come to its end."""


class Activity(StrEnum):
    """What the service does about a run."""

    RUNNING = "running"
    QUEUED = "queued"
    CANCELLING = "cancelling"
    BLOCKED = "blocked"
    FINISHED = "finished"


@dataclass(frozen=True)
class Running:
    """A step that runs now."""

    machine_id: int
    state: State
    attempt: int
    since: datetime


@dataclass
class Worker:
    """Drives what is unfinished, oldest first. The store's lease is the caller's to hold."""

    place: runs.Place
    store: Store
    hub: Hub
    steps: Mapping[State, Step] = field(default_factory=lambda: STEPS)
    taken_over: bool = field(default=False, init=False)
    """Whether another scheduler has the database now, or may have it, so that this one must end."""

    # Of a kind that may be taken twice: a signal may come while the main thread holds it.
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)
    _sandboxes: threading.Lock = field(default_factory=threading.Lock, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: bool = field(default=False, init=False)
    _run_id: str | None = field(default=None, init=False)
    _scheduler: Scheduler | None = field(default=None, init=False)
    _blocked: dict[str, str] = field(default_factory=dict, init=False)
    _cancelling: set[str] = field(default_factory=set, init=False)
    _aborting: set[str] = field(default_factory=set, init=False)
    """Those of the cancelled that another thread ends now."""
    _failures: dict[str, tuple[int, str]] = field(default_factory=dict, init=False)
    """How often the world has failed each run, and how the last time."""
    _steps: dict[int, Running] = field(default_factory=dict, init=False)

    def start(self) -> None:
        """Begin to work; called once."""
        self._thread = threading.Thread(target=self._work, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start no further step. A second call doesn't wait for those that run."""
        with self._lock:
            self._stopping = True
            if self._scheduler:
                self._scheduler.stop()
        self._woken.set()

    def join(self, seconds: float) -> bool:
        """Wait until it has stopped; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """There is a new run."""
        self._woken.set()
        self.hub.tell()

    def cancel(self, run_id: str) -> None:
        """End the run: each machine that isn't final fails, with the reason in its evidence.

        Raises:
            RunFinished: it is finished.
        """
        self._unfinished(run_id)
        with self._lock:
            if run_id in self._aborting:
                return
            self._cancelling.add(run_id)
            driven = self._scheduler if self._run_id == run_id else None
            if driven:
                driven.cancel(CANCELLED)
            else:
                self._aborting.add(run_id)
        try:
            if not driven:
                self._abandon(run_id)
        finally:
            # What couldn't be ended now is the worker's to end.
            with self._lock:
                self._aborting.discard(run_id)
            self.wake()

    def resume(self, run_id: str) -> None:
        """Let a blocked run have its turn again.

        Raises:
            RunFinished: it is finished.
        """
        self._unfinished(run_id)
        with self._lock:
            self._blocked.pop(run_id, None)
            self._failures.pop(run_id, None)
        self.wake()

    def activity(self, run: RunRow) -> tuple[Activity, str | None]:
        """What is done about the run, and why it is blocked if it is."""
        if run.finished_at is not None:
            return Activity.FINISHED, None
        with self._lock:
            if run.id in self._cancelling:
                return Activity.CANCELLING, None
            if run.id in self._blocked:
                return Activity.BLOCKED, self._blocked[run.id]
            if run.id == self._run_id:
                return Activity.RUNNING, None
            _, failed = self._failures.get(run.id, (0, None))
            return Activity.QUEUED, failed

    def running(self) -> list[Running]:
        """The steps that run now."""
        return list(self._steps.copy().values())

    def limits(self, run: RunRow) -> Mapping[Slot, int]:
        """How many steps of each kind the run may have under way: those of today's servers and
        nodes while it is driven, else those of its configuration."""
        with self._lock:
            scheduler = self._scheduler if run.id == self._run_id else None
        return limits(frozen(run.config)) if scheduler is None else scheduler.limits()

    def endpoints(self) -> list[Server]:
        """The servers of the model that the driven run shares its questions among, if several."""
        with self._lock:
            pool = self._scheduler.pool if self._scheduler else None
        return [] if pool is None else pool.servers()

    @contextmanager
    def planning(self) -> Iterator[bool]:
        """While a run is planned no other begins; whether none is driven."""
        with self._sandboxes:
            yield self._run_id is None

    def started(self, machine_id: int, state: State, attempt: int) -> None:
        """A step begins: called by the scheduler."""
        self._steps[machine_id] = Running(machine_id, state, attempt, datetime.now(UTC))

    def committed(self, machine_id: int, past: Past) -> None:
        """A transition is in the database: called by the scheduler."""
        self._steps.pop(machine_id, None)
        self.hub.tell()

    def _unfinished(self, run_id: str) -> None:
        if self.store.run(run_id).finished_at is not None:
            raise RunFinished(f"run {run_id} is finished")

    def _work(self) -> None:
        wait = FIRST_WAIT
        while not self._stopping:
            self._woken.clear()
            run: RunRow | None = None
            try:
                run = self._next()
                if run is None:
                    # Not without end: the database may be lost meanwhile.
                    self._woken.wait(LONGEST_WAIT)
                    continue
                self._drive(run)
                self._failures.pop(run.id, None)
                wait = FIRST_WAIT
            except (TakenOver, Disconnected) as error:
                what = "taken over" if isinstance(error, TakenOver) else "database lost"
                structlog.get_logger().error(what, reason=str(error))
                self.taken_over = True
                self.hub.close()
                return
            except (StoreError, WorldError) as error:
                structlog.get_logger().warning("world failed", reason=str(error))
                if run is not None:
                    self._failures[run.id] = self._failed(run.id) + 1, str(error)
                    self.hub.tell()
                self._woken.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            except Exception as error:
                self._broken(run, error)

    def _broken(self, run: RunRow | None, error: Exception) -> None:
        """A defect of ours, or a row that someone else wrote: it stops this run, and no other."""
        trace = traceback.format_exc()
        structlog.get_logger().error("run crashed", error=repr(error), traceback=trace)
        if run is None:
            self._woken.wait(LONGEST_WAIT)
        else:
            self._block(run.id, f"internal error: {type(error).__name__}: {error}")

    def _next(self) -> RunRow | None:
        """The oldest run that can go on, of those that the world has failed least often."""
        waiting = [run for run in reversed(self.store.runs()) if run.finished_at is None]
        with self._lock:
            ready = [run for run in waiting if self._can_go_on(run.id)]
            return min(ready, key=lambda run: self._failed(run.id) // TRIES, default=None)

    def _can_go_on(self, run_id: str) -> bool:
        is_blocked = run_id in self._blocked and run_id not in self._cancelling
        return not is_blocked and run_id not in self._aborting

    def _failed(self, run_id: str) -> int:
        count, _ = self._failures.get(run_id, (0, ""))
        return count

    def _drive(self, run: RunRow) -> None:
        if run.id in self._cancelling:
            self._end(run.id)
            return
        scheduler = self._begun(run)
        if scheduler is None:
            return
        self.hub.tell()
        try:
            runs.go_on(self.place, scheduler)
        finally:
            with self._lock:
                self._run_id = self._scheduler = None
                self._steps.clear()
        if run.id in self._cancelling:
            self._abandon(run.id)
        elif scheduler.blocked:
            self._block(run.id, scheduler.blocked)
        self.hub.tell()

    def _begun(self, run: RunRow) -> Scheduler | None:
        """The scheduler that drives the run from now on; None where it is blocked, or has ended."""
        with self._sandboxes:
            try:
                sandbox = plans.sandbox_of_run(self.place, self.store, run)
                scheduler = runs.scheduler_of(
                    self.place, self.store, run.id, sandbox, self, self.steps
                )
            except (StoreError, WorldError):
                raise
            except StillwaterError as error:
                self._block(run.id, str(error))
                return None
            with self._lock:
                has_ended = self.store.run(run.id).finished_at is not None
                if run.id not in self._cancelling and not has_ended:
                    self._run_id, self._scheduler = run.id, scheduler
                    if self._stopping:
                        scheduler.stop()
                    return scheduler
        # Not with the lock: a cluster is left in half a minute.
        scheduler.executor.close()
        self._end(run.id)
        return None

    def _end(self, run_id: str) -> None:
        """The same as `_abandon`, unless another thread is at it."""
        with self._lock:
            is_ended_elsewhere = run_id in self._aborting
        if not is_ended_elsewhere:
            self._abandon(run_id)

    def _abandon(self, run_id: str) -> None:
        """End the machines of a run that isn't driven: without the lock, for many take a while."""
        if self.store.run(run_id).finished_at is None:
            abandon(self.store, run_id, CANCELLED, datetime.now(UTC))
        with self._lock:
            self._blocked.pop(run_id, None)
            self._failures.pop(run_id, None)
            self._cancelling.discard(run_id)
        self.hub.tell()

    def _block(self, run_id: str, reason: str) -> None:
        structlog.get_logger().warning("run blocked", run=run_id, reason=reason)
        with self._lock:
            self._blocked[run_id] = reason
        self.hub.tell()
