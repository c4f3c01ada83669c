"""The worker: oldest first, blocked runs wait for a person, cancelled ones end in evidence."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwater.errors import WorldError
from stillwater.executors import ThreadExecutor
from stillwater.machine import CANCELLED, Event, State
from stillwater.seal import seal
from stillwater.service import worker
from stillwater.service.worker import Activity
from stillwater.snapshot import Outcome, Past, Snapshot
from stillwater.store import RunRow, StoreError
from tests.patience import DEADLINE
from tests.service.conftest import World, well


class Refused(WorldError):
    """A key that the server doesn't take."""

    needs_a_person = True


def states(world: World, run_id: str) -> list[State]:
    return [row.state for row in world.store.machines(run_id)]


def test_what_is_unfinished_is_driven_the_oldest_run_first(world: World) -> None:
    order: list[str] = []

    def step(snapshot: Snapshot) -> Outcome:
        order.append(snapshot.run_id)
        return well(snapshot)

    world.add("r-1")
    world.add("r-2")
    world.begin(step)
    world.until(lambda: world.finished("r-2"))
    assert order == ["r-1"] * 8 + ["r-2"] * 8
    assert states(world, "r-1") == [State.VERIFIED, State.VERIFIED]


def test_a_run_that_comes_while_the_worker_is_idle_is_driven(world: World) -> None:
    world.begin()
    world.add("r-1")
    world.worker.wake()
    world.until(lambda: world.finished("r-1"))
    assert world.worker.activity(world.store.run("r-1")) == (Activity.FINISHED, None)


def test_a_run_that_needs_a_person_lets_the_next_go_first_until_it_is_resumed(
    world: World,
) -> None:
    refused = threading.Event()

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.run_id == "r-1" and not refused.is_set():
            raise Refused("the key is refused")
        return well(snapshot)

    world.add("r-1", 1)
    world.add("r-2", 1)
    world.begin(step)
    world.until(lambda: world.finished("r-2"))
    blocked = world.worker.activity(world.store.run("r-1"))
    assert blocked == (Activity.BLOCKED, "the key is refused")
    refused.set()
    world.worker.resume("r-1")
    world.until(lambda: world.finished("r-1"))
    assert states(world, "r-1") == [State.VERIFIED]


def test_a_cancelled_run_ends_with_the_reason_in_its_evidence_and_the_next_begins(
    world: World,
) -> None:
    begun, released = threading.Event(), threading.Event()

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.run_id == "r-1" and snapshot.state is State.GENERATE:
            begun.set()
            released.wait(DEADLINE)
        return well(snapshot)

    world.add("r-1")
    world.add("r-2")
    world.begin(step)
    assert begun.wait(DEADLINE)
    assert world.worker.activity(world.store.run("r-1"))[0] is Activity.RUNNING
    world.worker.cancel("r-1")
    world.until(lambda: world.finished("r-2"))
    released.set()
    assert states(world, "r-1") == [State.FAILED, State.FAILED]
    for row in world.store.machines("r-1"):
        last = world.store.history(row.id)[-1]
        assert (last.event, last.evidence["reason"]) == (Event.ABORT, CANCELLED)
    assert states(world, "r-2") == [State.VERIFIED, State.VERIFIED]


def test_a_run_that_breaks_the_scheduler_stops_alone(world: World) -> None:
    world.add("r-1", 1, readable=False)
    world.add("r-2", 1)
    world.begin()
    world.until(lambda: world.finished("r-2"))
    activity, reason = world.worker.activity(world.store.run("r-1"))
    assert activity is Activity.BLOCKED
    assert "internal error" in str(reason)


def test_a_list_of_runs_that_cannot_be_read_blocks_none_and_is_not_asked_for_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("r-1", 1)
    world.begin()
    world.until(lambda: world.finished("r-1"))
    asked = threading.Event()
    times: list[None] = []

    def runs() -> list[RunRow]:
        times.append(None)
        asked.set()
        raise ValueError("a row that someone else wrote")

    monkeypatch.setattr(world.store, "runs", runs)
    world.worker.wake()
    assert asked.wait(DEADLINE)
    world.close()
    assert len(times) == 1
    assert not world.worker._blocked


def test_a_run_that_the_world_fails_for_ever_lets_the_next_go_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = world.store.history
    damaged = threading.Event()
    damaged.set()

    def of(machine_id: int) -> tuple[Past, ...]:
        if damaged.is_set() and world.store.machine(machine_id).run_id == "r-1":
            raise StoreError("an artifact of it is damaged")
        return history(machine_id)

    monkeypatch.setattr(worker, "FIRST_WAIT", 0.01)
    world.add("r-1", 1)
    world.add("r-2", 1)
    for run_id in ("r-1", "r-2"):
        begun(world, run_id)
    monkeypatch.setattr(world.store, "history", of)
    world.begin()
    world.until(lambda: world.finished("r-2"))
    waits = (Activity.QUEUED, "an artifact of it is damaged")
    world.until(lambda: world.worker.activity(world.store.run("r-1")) == waits)
    damaged.clear()
    world.worker.wake()
    world.until(lambda: world.finished("r-1"))


def begun(world: World, run_id: str) -> None:
    """Its first machine has been read before, so that its history is looked at."""
    (row,) = world.store.machines(run_id)
    at = datetime.now(UTC)
    world.store.commit(
        row.id, expect_seq=0, event=Event.READ, sealed=seal({}, {}), started_at=at,
        finished_at=at, attempt=1, next_attempt=1,
    )  # fmt: skip


def test_steps_that_run_are_cancelled_where_their_commits_cannot_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[None] = []
    cancel = ThreadExecutor.cancel

    def noted(executor: ThreadExecutor) -> None:
        cancelled.append(None)
        cancel(executor)

    def refuse(*_: object, **__: object) -> Past:
        monkeypatch.setattr(world.store, "commit", commit)
        raise StoreError("the disk is full")

    commit = world.store.commit
    monkeypatch.setattr(worker, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(ThreadExecutor, "cancel", noted)
    monkeypatch.setattr(world.store, "commit", refuse)
    world.add("r-1", 1)
    world.begin()
    world.until(lambda: world.finished("r-1"))
    assert cancelled == [None]


def test_a_repository_for_heads_that_is_gone_ends_no_run(world: World, tmp_path: Path) -> None:
    world.add("r-1", 1, heads_git=str(tmp_path / "gone"))
    world.begin()
    world.until(lambda: world.finished("r-1"))
    assert states(world, "r-1") == [State.VERIFIED]


def test_a_blocked_run_that_could_not_be_cancelled_is_ended_by_the_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        monkeypatch.undo()
        raise StoreError("the disk is full")

    world.add("r-1", 1, readable=False)
    world.begin()
    blocked = lambda: world.worker.activity(world.store.run("r-1"))[0] is Activity.BLOCKED  # noqa: E731
    world.until(blocked)
    monkeypatch.setattr(worker, "abandon", refuse)
    with pytest.raises(StoreError):
        world.worker.cancel("r-1")
    world.until(lambda: world.finished("r-1"))
    assert states(world, "r-1") == [State.FAILED]


def test_a_queued_run_is_cancelled_at_once(world: World) -> None:
    world.add("r-1")
    world.worker.cancel("r-1")
    assert world.finished("r-1")
    assert states(world, "r-1") == [State.FAILED, State.FAILED]


def test_a_run_whose_sandbox_cannot_be_had_waits_with_the_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    world.add("r-1", sandbox="docker")
    world.add("r-2")
    world.begin()
    world.until(lambda: world.finished("r-2"))
    activity, reason = world.worker.activity(world.store.run("r-1"))
    assert activity is Activity.BLOCKED
    assert "Docker Engine doesn't answer" in str(reason)
