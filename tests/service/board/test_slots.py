"""How busy the slots were, from the steps alone."""

from datetime import UTC, datetime, timedelta

from stillwater.machine import Event, State
from stillwater.service.board.reading import Span
from stillwater.service.board.slots import Slots, slots
from stillwater.service.worker import Running
from stillwater.slots import Slot

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = {Slot.MODEL: 1, Slot.SANDBOX: 2, Slot.PREPARE: 2}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def read(machine_id: int, first: float, last: float) -> Span:
    return Span(machine_id, State.READ, Event.READ, State.GENERATE, at(first), at(last))


def proposed(machine_id: int, first: float, last: float) -> Span:
    return Span(machine_id, State.GENERATE, Event.PROPOSED, State.APPLY, at(first), at(last))


def told(
    *spans: Span, running: tuple[Running, ...] = (), limits: dict[Slot, int] = LIMITS
) -> Slots:
    found = slots(spans, running, limits, at(100))
    assert found is not None
    return found


def test_a_run_without_a_step_has_no_slots_to_show() -> None:
    assert slots([], [], LIMITS, START) is None


def test_the_model_is_idle_while_nothing_is_read_and_that_is_nobodys_fault() -> None:
    assert told(read(1, 0, 50), proposed(1, 50, 100)).idle == (
        "The model's slot was idle 50% of the time, and 0% while a machine was ready to generate."
    )


def test_idling_while_a_machine_could_generate_is_told() -> None:
    assert "and 40% while a machine was ready" in told(read(1, 0, 10), proposed(1, 50, 100)).idle


def test_a_machine_that_waits_for_the_only_slot_does_not_make_it_idle() -> None:
    spans = (read(1, 0, 10), read(2, 0, 10), proposed(1, 10, 60), proposed(2, 60, 100))
    assert "idle 10% of the time, and 0%" in told(*spans).idle


def test_a_free_second_slot_counts_as_idle() -> None:
    spans = (read(1, 0, 10), read(2, 0, 10), proposed(1, 10, 60), proposed(2, 60, 100))
    idle = told(*spans, limits={**LIMITS, Slot.MODEL: 2}).idle
    assert idle.startswith("The model's 2 slots were idle 55% of the time, and 50%")


def test_a_deferred_machine_waits_for_the_world_and_not_for_the_model() -> None:
    defer = Span(1, State.GENERATE, Event.DEFER, State.GENERATE, at(10), at(11))
    assert "and 0% while" in told(read(1, 0, 10), defer, proposed(1, 60, 100)).idle


def test_a_step_that_runs_is_busy_until_now() -> None:
    found = told(read(1, 0, 20), running=(Running(1, State.GENERATE, 1, at(20)),))
    assert found.end == at(100)
    assert "idle 20% of the time" in found.idle


def test_lanes_are_outlines_within_their_height() -> None:
    lanes = {lane.name: lane for lane in told(read(1, 0, 50), proposed(1, 50, 100)).lanes}
    assert list(lanes) == ["model", "sandbox", "prepare"]
    height = lanes["model"].height
    assert lanes["model"].path == f"M0 {height}H250V0H500V{height}z"
    assert lanes["model"].told == "1 slot: 1 step, 50 s, 50% busy"


def test_many_short_steps_are_drawn_by_their_share() -> None:
    spans = [proposed(n, n, n + 0.5) for n in range(1000)]
    found = slots(spans, [], LIMITS, at(1000))
    assert found is not None
    height = found.lanes[0].height
    assert found.lanes[0].path.startswith(f"M0 {height}H0V{height // 2}")


def test_a_run_that_had_more_slots_than_its_settings_say_is_shown_as_it_was() -> None:
    spans = (read(1, 0, 1), proposed(1, 1, 51), proposed(2, 1, 51), proposed(3, 51, 101))
    found = told(*spans)
    assert found.idle.startswith("The model's 2 slots were idle 26%")
    assert "2 slots: 3 steps" in found.lanes[0].told
