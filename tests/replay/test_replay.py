"""A replay by the real scheduler and steps: the same comes of it, or what differs is named."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from stillwater import prompt
from stillwater.errors import InputError
from stillwater.machine import Event, State
from stillwater.models.client import PromptTooLong
from stillwater.models.protocol import ModelError
from stillwater.replay.differ import differing
from stillwater.sandbox.protocol import Execution, SandboxError
from stillwater.scheduler import Scheduler
from stillwater.snapshot import Past
from stillwater.store import Store
from tests.audit.world import ANSWER, RIGHT, WRONG, source
from tests.audit.world import World as Forger
from tests.replay.world import LONG, Sandbox, World

G = "tests/test_code.py::test_g"
LONGEST_PATH = 1 + 4 + 2 + 4 + 3
"""Transitions of LONG: READ, a patch that fails, no edits, one that breaks, the repair."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, source(tmp_path / "source"))


def forged(world: World, event: str, name: str, content: bytes, attempt: int = 1) -> None:
    """Put another artifact into the record."""
    forger = Forger(world.db, world.place.folder)
    forger.forge(forger.id("r", "one", event, attempt), {}, name=name, content=content)


def test_the_same_comes_of_every_kind_of_attempt(world: World) -> None:
    world.record(*LONG)
    before = world.db.read_bytes()

    report = world.replay()

    assert report.same
    assert (report.machines, report.transitions) == (1, LONGEST_PATH)
    assert not report.ended
    assert world.db.read_bytes() == before


def test_the_same_with_hidden_tests(world: World) -> None:
    world.record(ANSWER.format(WRONG), feedback="visible")
    assert world.replay().same


def test_each_arm_and_instance_gets_its_own_answer_to_the_same_question(world: World) -> None:
    prose = "I don't know."
    answers = (ANSWER.format(RIGHT), prose, ANSWER.format(WRONG), ANSWER.format(RIGHT))
    world.record(*answers, names=("one", "two"), arms=("a", "b"), attempts=1)

    report = world.replay()

    assert report.same
    assert report.machines == 4


def test_the_same_where_the_next_model_took_over(world: World) -> None:
    world.record(*LONG, models=("m", "n"), model_attempts=2)
    with Store.open(world.db, read_only=True) as store:
        assert [row.model for row in store.machines("r")] == ["n"]
    assert world.replay().same


def test_the_worlds_failures_are_not_replayed(world: World) -> None:
    world.record(ModelError("down"), *LONG[:1], ModelError("down"), ModelError("down"), *LONG[1:])

    report = world.replay()

    assert report.same
    assert report.transitions == LONGEST_PATH


def test_a_prompt_that_was_too_long_is_too_long_again(world: World) -> None:
    world.record(PromptTooLong("m refuses the prompt"))
    report = world.replay()
    assert (report.same, report.transitions, report.ended) == (True, 2, ())


def test_only_the_wanted_instances(world: World) -> None:
    world.record(*LONG, *LONG, names=("one", "two"))
    assert world.replay(instances=["*two"]).machines == 1
    with pytest.raises(InputError, match="d has no instance 'three'"):
        world.replay(instances=["three"], name="other")


def test_an_answer_that_now_reads_otherwise_is_named(world: World) -> None:
    world.record(*LONG)
    forged(world, "proposed", "completion", ANSWER.format("return x - 3").encode())

    (found,) = world.replay().differences

    assert (found.instance_id, found.attempt, found.state) == ("a__one", 1, State.GENERATE)
    assert found.what == "edits, line 1"
    assert "x - 1" in found.recorded
    assert "x - 3" in found.now


def test_an_answer_that_now_leads_elsewhere_is_named(world: World) -> None:
    world.record(*LONG)
    forged(world, "proposed", "completion", b"I don't know.", attempt=3)

    report = world.replay()

    (found,) = report.differences
    assert (found.attempt, found.what) == (3, "event")
    assert found.recorded == "GENERATE --proposed--> APPLY, attempt 3"
    assert found.now.startswith("GENERATE --unusable--> REFINE, attempt 3: ")
    assert report.transitions == 1 + 4 + 2


def test_a_prompt_that_is_built_otherwise_is_named_by_its_first_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record(*LONG)
    monkeypatch.setattr(prompt, "SYSTEM", prompt.SYSTEM.replace("Never change", "Don't change"))

    (found,) = world.replay().differences

    assert (found.attempt, found.state) == (1, State.GENERATE)
    assert found.what == f"prompt, line {2 + prompt.SYSTEM.count(chr(10))}"
    assert found.recorded.endswith("Never change tests.")
    assert found.now.endswith("Don't change tests.")


def breaking(test: str, from_run: int) -> Callable[[Execution], Execution]:
    """From that run of the tests on, counted from 0, the test fails."""
    runs = iter(range(1000))

    def change(execution: Execution) -> Execution:
        if next(runs) < from_run:
            return execution
        output = execution.output.replace(f"PASSED {test}".encode(), f"FAILED {test}".encode())
        return replace(execution, output=output, exit_code=1)

    return change


@pytest.mark.parametrize(
    ("from_run", "state", "what"),
    [
        (0, State.READ, f"verdict before any change of {G}"),
        (2, State.TEST, f"verdict of {G}"),
    ],
)
def test_a_test_that_comes_out_otherwise_is_named(
    world: World, from_run: int, state: State, what: str
) -> None:
    world.record(*LONG)

    (found,) = world.replay(Sandbox(breaking(G, from_run))).differences

    assert (found.state, found.what) == (state, what)
    assert (found.recorded, found.now) == ("PASSED", "FAILED")


def test_of_several_machines_each_has_its_own_first_difference(world: World) -> None:
    world.record(*LONG, names=("one", "two"), attempts=2)
    report = world.replay(Sandbox(breaking(G, 0)))
    assert [one.instance_id for one in report.differences] == ["a__one", "a__two"]
    assert report.transitions == 0


def test_a_machine_that_differs_goes_no_further(world: World) -> None:
    world.record(*LONG)
    forged(world, "applied", "patch", b"--- a\n+++ b\n")
    (found,) = world.replay().differences
    assert (found.state, found.what) == (State.APPLY, "patch, line 1")
    asked = Forger(world.folder / "again.db", world.folder).ask(
        "SELECT event, evidence ->> '$.reason' FROM transitions ORDER BY id DESC LIMIT 1"
    )
    assert asked == [("abort", "it differs from the record")]


@dataclass
class StopsAt:
    """Stops the run when so many transitions are committed."""

    scheduler: Scheduler
    left: int

    def started(self, machine_id: int, state: State, attempt: int) -> None: ...

    def committed(self, machine_id: int, past: Past) -> None:
        self.left -= 1
        if not self.left:
            self.scheduler.stop()


def test_an_unfinished_machine_is_replayed_as_far_as_it_stands(world: World) -> None:
    world.record(*LONG, listener=lambda scheduler: StopsAt(scheduler, 5))

    report = world.replay()

    assert report.same
    (ended,) = report.ended
    assert ended.why == "it is unfinished in the record"
    assert report.transitions in {5, 6}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ModelError("down"), "it was aborted in the record: deferred 0 times; the last time: down"),
        (KeyError("x"), "crashed in the record, and what it said was not kept"),
    ],
)
def test_what_no_step_can_repeat_ends_a_replay_and_is_said(
    world: World, answer: Exception, why: str
) -> None:
    world.record(LONG[0], answer, max_defers=0)

    report = world.replay()

    assert report.same
    assert why in report.ended[0].why
    assert (report.transitions, report.ended[0].state) == (5, State.GENERATE)


def test_a_replay_that_the_world_stops_is_not_called_the_same(world: World) -> None:
    world.record(*LONG, max_defers=0)

    def broken(execution: Execution) -> Execution:
        raise SandboxError("the engine is gone")

    report = world.replay(Sandbox(broken))

    assert not report.same
    assert not report.differences
    assert "the engine is gone" in report.not_replayed[0].why


def test_a_run_without_a_transition_is_refused(world: World) -> None:
    world.record(listener=lambda scheduler: scheduler.stop())
    with pytest.raises(InputError, match="nothing to replay"):
        world.replay()


def test_of_long_lines_the_part_that_differs_is_told(world: World) -> None:
    answer = ANSWER.format(f"return {'1 + ' * 1000} x")
    world.record(answer, attempts=1)
    forged(world, "proposed", "completion", answer.replace(" x", " z").encode())

    (found,) = world.replay().differences

    assert found.what == "edits, line 1"
    assert "+  x" in found.recorded[:150]
    assert "+  z" in found.now[:150]


def test_what_git_and_python_say_in_other_words_is_no_difference() -> None:
    def rejected(problem: str) -> Past:
        return Past(3, State.APPLY, Event.REJECTED, State.REFINE, 1, {"problem": problem})

    old, new = "git apply: error: corrupt patch at line 5.", "git apply: error: at <stdin>:5."
    assert differing(rejected(old), rejected(new)) is None
    assert differing(rejected(old), rejected("The diff changes no file.")) is not None
