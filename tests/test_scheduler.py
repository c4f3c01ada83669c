"""The scheduler: limits, order, the world's failures, stopping; over a real database."""

import errno
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stillwater import runs
from stillwater.config import Config, load, stored
from stillwater.errors import WorldError
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.machine import Event, State
from stillwater.models.endpoints import Endpoint, OtherWeights
from stillwater.models.pool import Pool
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Cancelled, Execution, Job, Setup
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.snapshot import Artifact, Outcome, Past, Snapshot
from stillwater.steps import Step, Tools
from stillwater.store import Store
from tests.holds import holds
from tests.models.test_reach import server
from tests.patience import DEADLINE

GOOD: dict[State, Event] = {
    State.READ: Event.READ,
    State.GENERATE: Event.PROPOSED,
    State.APPLY: Event.APPLIED,
    State.TEST: Event.PASSED,
    State.REFINE: Event.RETRY,
}
SHA = "0" * 64


class NoSandbox:
    """Runs nothing; remembers whether it was cancelled."""

    kind = "local"

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def walls(self) -> Mapping[str, str]:
        return {}

    def prepare(self, setup: Setup) -> str:
        return setup.key

    def run(self, job: Job) -> Execution:
        raise AssertionError

    def cancel(self) -> None:
        self.cancelled.set()

    def reap(self) -> int:
        return 0


class Run:
    """A run of `count` machines over scripted steps."""

    def __init__(self, folder: Path, count: int, **settings: object) -> None:
        self.config: Config = load({"defer_seconds": 0.001, **settings})
        self.store = Store.open(folder / "s.db")
        self.folder = folder
        self.sandbox = NoSandbox()
        self.store.create_run(
            run_id="r", dataset="d", dataset_sha256=SHA, config=stored(self.config), version="t",
            rows=[self.row(n) for n in range(count)], arms={"default": "m"},
        )  # fmt: skip

    @staticmethod
    def row(n: int) -> dict[str, str]:
        return {
            "instance_id": f"i-{n}", "repo": "a/b", "base_commit": "0",
            "problem_statement": "p", "FAIL_TO_PASS": '["t"]',
        }  # fmt: skip

    def scheduler(self, step: Callable[[Snapshot], Outcome]) -> Scheduler:
        def adapted(snapshot: Snapshot, tools: Tools) -> Outcome:
            return step(snapshot)

        steps: dict[State, Step] = dict.fromkeys(GOOD, adapted)
        tools = Tools(Repositories(self.folder, ""), self.sandbox, None)  # type: ignore[arg-type]
        return Scheduler(
            store=self.store, run_id="r", dataset_sha256=SHA, config=self.config,
            executor=ThreadExecutor(Workshop(steps, tools), limits(self.config)),
        )  # fmt: skip

    def paths(self) -> list[list[str]]:
        rows = self.store.machines("r")
        return [[past.event.value for past in self.store.history(row.id)] for row in rows]

    def history(self, n: int = 0) -> tuple[Past, ...]:
        return self.store.history(self.store.machines("r")[n].id)


def good(snapshot: Snapshot) -> Outcome:
    return Outcome(GOOD[snapshot.state])


def test_every_machine_is_driven_to_its_end(tmp_path: Path) -> None:
    run = Run(tmp_path, 5)
    assert run.scheduler(good).run()
    assert run.paths() == [["read", "proposed", "applied", "passed"]] * 5
    assert holds(run.store.path)
    assert run.store.run("r").finished_at is not None


def test_attempts_are_counted_and_steps_see_what_was_committed(tmp_path: Path) -> None:
    run = Run(tmp_path, 1, attempts=3)

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.state is State.TEST:
            return Outcome(Event.FAILED, {}, {"log": Artifact("log", b"log")})
        if snapshot.state is State.REFINE:
            last = snapshot.last(Event.FAILED, snapshot.attempt)
            assert last is not None
            assert snapshot.text(last, "log") == "log"
            event = Event.RETRY if snapshot.attempt < 3 else Event.EXHAUSTED
            feedback = f"attempt {snapshot.attempt}"
            return Outcome(
                event, {}, {"feedback": Artifact("feedback", feedback.encode())}, "other"
            )
        if snapshot.state is State.GENERATE and snapshot.attempt > 1:
            assert snapshot.model == "other"
            told = [snapshot.text(p, "feedback") for p in snapshot.past if p.event is Event.RETRY]
            assert told == [f"attempt {n}" for n in range(1, snapshot.attempt)]
        return good(snapshot)

    run.scheduler(step).run()
    assert [past.attempt for past in run.history() if past.event is Event.PROPOSED] == [1, 2, 3]
    assert run.history()[-1].event is Event.EXHAUSTED


def test_the_worlds_failures_wait_and_cost_no_attempt(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    failures = iter([True, True, False])

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.state is State.GENERATE and next(failures):
            raise WorldError("the model is down \ud83d")
        return good(snapshot)

    run.scheduler(step).run()
    assert run.paths() == [["read", "defer", "defer", "proposed", "applied", "passed"]]
    assert {past.attempt for past in run.history()} == {1}
    deferred = [past.evidence for past in run.history() if past.event is Event.DEFER]
    assert [one["reason"] for one in deferred] == ["the model is down ?"] * 2
    assert deferred[1]["wait_seconds"] == 2 * deferred[0]["wait_seconds"]  # type: ignore[operator]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.EAGAIN])
def test_what_the_system_refuses_is_the_worlds_failure(tmp_path: Path, number: int) -> None:
    run = Run(tmp_path, 1)
    refusals = iter([OSError(number, os.strerror(number)), None])

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.state is State.TEST and (error := next(refusals)):
            raise RuntimeError("no work tree") from error
        return good(snapshot)

    run.scheduler(step).run()
    assert run.paths() == [["read", "proposed", "applied", "defer", "passed"]]
    (waited,) = [past for past in run.history() if past.event is Event.DEFER]
    assert os.strerror(number) in str(waited.evidence["reason"])


def test_deferring_runs_out_once_another_is_served(tmp_path: Path) -> None:
    run = Run(tmp_path, 2, max_defers=2)
    has_waited = threading.Event()

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.instance.instance_id == "i-0":
            if len(snapshot.past) > 3:
                has_waited.set()
            raise WorldError("no engine")
        if snapshot.state is State.READ:
            assert has_waited.wait(DEADLINE)
        return good(snapshot)

    assert run.scheduler(step).run()
    *waits, end = run.paths()[0]
    assert end == "abort"
    assert set(waits) == {"defer"}
    assert len(waits) > 3  # more than the most, as long as the other may be served
    assert "no engine" in str(run.history()[-1].evidence["reason"])
    assert run.paths()[1][-1] == "passed"


class Own(WorldError):
    """A failure that is one machine's own."""

    most_in_a_row = 0


def test_a_machine_that_is_aborted_stops_no_run_whose_others_wait(tmp_path: Path) -> None:
    run = Run(tmp_path, 2)
    waits, is_aborted = threading.Event(), threading.Event()

    class Watching:
        def started(self, machine_id: int, state: State, attempt: int) -> None: ...

        def committed(self, machine_id: int, past: Past) -> None:
            {Event.DEFER: waits, Event.ABORT: is_aborted}.get(past.event, threading.Event()).set()

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.instance.instance_id == "i-0":
            assert waits.wait(DEADLINE)
            raise Own("its environment is broken")
        if not snapshot.past:
            raise WorldError("busy")
        assert is_aborted.wait(DEADLINE)
        return good(snapshot)

    scheduler = run.scheduler(step)
    scheduler.listener = Watching()
    assert scheduler.run()
    assert [path[-1] for path in run.paths()] == ["abort", "passed"]


class Refused(WorldError):
    """A failure that waiting can't mend."""

    needs_a_person = True


def test_what_waiting_cannot_mend_stops_the_run_and_ends_no_machine(tmp_path: Path) -> None:
    run = Run(tmp_path, 3, max_defers=0, model_slots=1)

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.state is State.GENERATE:
            raise Refused("the key is refused")
        return good(snapshot)

    scheduler = run.scheduler(step)
    assert not scheduler.run()
    assert scheduler.blocked == "the key is refused"
    assert ["read", "defer"] in run.paths()  # whichever was the first
    assert len(run.store.active("r")) == 3
    assert run.scheduler(good).run()
    assert [path[-1] for path in run.paths()] == ["passed"] * 3


@pytest.mark.parametrize("count", [1, 3])
def test_what_serves_nobody_stops_the_run_when_waiting_runs_out_and_ends_no_machine(
    tmp_path: Path, count: int
) -> None:
    run = Run(tmp_path, count, max_defers=2, model_slots=1)

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.state is State.GENERATE:
            raise WorldError("nobody listens")
        return good(snapshot)

    for _ in range(2):  # who resumes has seen to it, so there is new patience
        before = [path.count("defer") for path in run.paths()]
        scheduler = run.scheduler(step)
        assert not scheduler.run()
        assert "times; the last time: nobody listens" in (scheduler.blocked or "")
        after = [path.count("defer") for path in run.paths()]
        assert max(b - a for a, b in zip(before, after, strict=True)) >= 3
        assert len(run.store.active("r")) == count
    assert run.scheduler(good).run()
    assert [path[-1] for path in run.paths()] == ["passed"] * count


def test_where_no_endpoint_may_be_asked_the_run_stops_and_says_why(tmp_path: Path) -> None:
    run = Run(tmp_path, 2)

    def check(url: str) -> str | None:
        raise OtherWeights(f"{url} serves other weights of m")

    scheduler = run.scheduler(good)
    scheduler.pool = Pool(lambda: [Endpoint("http://a/v1", 1)], check)
    assert not scheduler.run()
    assert scheduler.blocked == "http://a/v1 serves other weights of m"
    scheduler = run.scheduler(good)
    scheduler.pool = Pool(lambda: [Endpoint("http://a/v1", 1)], lambda url: None)
    assert scheduler.run()
    assert [path[-1] for path in run.paths()] == ["passed"] * 2


def test_an_arms_own_server_is_no_matter_of_the_endpoints(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    listed = {"/api/tags": {"models": [{"name": "a:latest"}]}}
    with server(listed) as first, server(listed) as other:
        config = load({"endpoints": (first, other)})
        arms = {"own": {"api_base": "http://127.0.0.1:9"}, "shared": {}}
        run.store.create_run(
            run_id="two", dataset="d", dataset_sha256=SHA, version="t", rows=[run.row(0)],
            config={**stored(config), "arms": arms},
            arms={"own": "ollama_chat/b", "shared": "ollama_chat/a"},
        )  # fmt: skip
        place = runs.Place(tmp_path / "s.db")
        scheduler = runs.scheduler_of(place, run.store, "two", run.sandbox, None)  # type: ignore[arg-type]
        assert scheduler.pool is not None
        with scheduler.pool.watched(lambda: None):
            assert [one.rests for one in scheduler.pool.servers()] == [False, False]


def test_servers_are_held_to_the_weights_of_every_model_of_a_chain(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    models = [{"name": f"{name}:latest", "digest": digit * 64} for name, digit in ("a1", "b2")]
    served = {
        f"ollama_chat/{name}": {"digest": f"sha256:{digit * 64}"} for name, digit in ("a1", "b3")
    }
    with server({"/api/tags": {"models": models}}) as base:
        config = load({"endpoints": (base,), "models": tuple(served), "model_attempts": 1})
        run.store.create_run(
            run_id="two", dataset="d", dataset_sha256=SHA, version="t", rows=[run.row(0)],
            config={**stored(config), "served": served}, arms={"default": "ollama_chat/a"},
        )  # fmt: skip
        place = runs.Place(tmp_path / "s.db")
        scheduler = runs.scheduler_of(place, run.store, "two", run.sandbox, None)  # type: ignore[arg-type]
        assert scheduler.pool is not None
        with pytest.raises(OtherWeights, match="other weights of ollama_chat/b"):
            scheduler.pool.check(base)


@pytest.mark.parametrize(
    "error", [MemoryError(), SystemError("error return without exception set")]
)
def test_without_memory_the_run_stops_and_ends_no_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    # Without memory all kinds of errors come up; what tells is that none can be had.
    monkeypatch.setattr("stillwater.memory._can_have", lambda _: False)
    run = Run(tmp_path, 2)

    def step(snapshot: Snapshot) -> Outcome:
        raise error

    scheduler = run.scheduler(step)
    assert not scheduler.run()
    assert "out of memory" in (scheduler.blocked or "")
    assert len(run.store.active("r")) == 2
    assert run.scheduler(good).run()


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), SystemExit("ours")])
def test_a_crash_of_a_step_ends_its_machine_with_evidence_and_no_other(
    tmp_path: Path, error: BaseException
) -> None:
    run = Run(tmp_path, 2)

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.instance.instance_id == "i-0":
            raise error
        return good(snapshot)

    run.scheduler(step).run()
    (aborted,) = run.history()
    assert f"{type(error).__name__}: ours" in str(aborted.evidence["reason"])
    assert b"Traceback" in run.store.artifact(aborted.artifacts["traceback"])
    assert run.paths()[1][-1] == "passed"


@pytest.mark.parametrize(("model_slots", "sandbox_slots"), [(1, 1), (2, 3)])
def test_slots_are_limits_that_are_reached(
    tmp_path: Path, model_slots: int, sandbox_slots: int
) -> None:
    run = Run(tmp_path, 8, model_slots=model_slots, sandbox_slots=sandbox_slots)
    limit = {State.READ: sandbox_slots, State.GENERATE: model_slots, State.TEST: sandbox_slots}
    lock, inside, most = threading.Lock(), Counter[State](), Counter[State]()
    full = {state: threading.Event() for state in limit}

    def step(snapshot: Snapshot) -> Outcome:
        state = snapshot.state
        if state in limit:
            with lock:
                inside[state] += 1
                most[state] = max(most[state], inside[state])
                if inside[state] == limit[state]:
                    full[state].set()
            assert full[state].wait(DEADLINE)
            threading.Event().wait(0.01)
            with lock:
                inside[state] -= 1
        return good(snapshot)

    run.scheduler(step).run()
    assert most == limit


def test_machines_in_progress_go_before_new_ones(tmp_path: Path) -> None:
    run = Run(tmp_path, 6, model_slots=1, sandbox_slots=1)
    order: list[tuple[str, State]] = []

    def step(snapshot: Snapshot) -> Outcome:
        order.append((snapshot.instance.instance_id, snapshot.state))
        return good(snapshot)

    run.scheduler(step).run()
    ended = [name for name, state in order if state is State.TEST]
    last_read = max(n for n, (_, state) in enumerate(order) if state is State.READ)
    first_test = min(n for n, (_, state) in enumerate(order) if state is State.TEST)
    assert ended == sorted(ended)
    assert first_test < last_read


def test_a_stop_finishes_what_runs_and_starts_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, 4, sandbox_slots=1)
    scheduler: list[Scheduler] = []

    def step(snapshot: Snapshot) -> Outcome:
        scheduler[0].stop()
        return good(snapshot)

    scheduler.append(run.scheduler(step))
    assert not scheduler[0].run()
    assert run.paths() == [["read"], [], [], []]
    assert run.scheduler(good).run()
    assert run.paths() == [["read", "proposed", "applied", "passed"]] * 4


def test_a_second_stop_cancels_what_runs_and_commits_nothing_of_it(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    scheduler: list[Scheduler] = []

    def step(snapshot: Snapshot) -> Outcome:
        scheduler[0].stop()
        scheduler[0].stop()
        assert run.sandbox.cancelled.wait(DEADLINE)
        raise Cancelled("stopped")

    scheduler.append(run.scheduler(step))
    assert not scheduler[0].run()
    assert run.paths() == [[]]


def test_a_failure_of_the_world_after_a_stop_cuts_nothing_short(tmp_path: Path) -> None:
    run = Run(tmp_path, 2, sandbox_slots=2)
    waits = threading.Event()
    scheduler: list[Scheduler] = []

    class Watching:
        def started(self, machine_id: int, state: State, attempt: int) -> None: ...

        def committed(self, machine_id: int, past: Past) -> None:
            if past.event is Event.DEFER:
                waits.set()

    class Refused(WorldError):
        needs_a_person = True

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.instance.instance_id == "i-0":
            scheduler[0].stop()
            raise Refused("the key is refused")
        assert waits.wait(DEADLINE)
        return good(snapshot)

    scheduler.append(run.scheduler(step))
    scheduler[0].listener = Watching()
    assert not scheduler[0].run()
    assert run.paths() == [["defer"], ["read"]]
    assert not run.sandbox.cancelled.is_set()
