"""Whose turn it is: times that a clock has run away from hold nobody up."""

from datetime import UTC, datetime, timedelta

import pytest

from stillwater.machine import State
from stillwater.ready import Ready
from stillwater.slots import Slot
from stillwater.store import MachineRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waiting(not_before: datetime) -> MachineRow:
    return MachineRow(
        id=1, run_id="r", instance_id="i", arm="default", state=State.GENERATE, attempt=1,
        model="m", not_before=not_before, lease_owner=None, lease_until=None, created_at=NOW,
        updated_at=NOW, seq=1, head="0" * 64,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(-1.0, [1]), (0.0, [1]), (5.0, []), (300.0, []), (301.0, [1]), (2 * 86400.0, [1])],
)
def test_a_machine_waits_for_its_time_but_not_for_one_that_a_clock_set_back_has_moved_far_off(
    ahead: float, taken: list[int]
) -> None:
    ready = Ready(dict.fromkeys(Slot, 1))
    ready.add(waiting(NOW + timedelta(seconds=ahead)), NOW)
    assert list(ready.take(NOW)) == taken


def test_a_clock_set_back_while_a_machine_waits_makes_it_due() -> None:
    ready = Ready(dict.fromkeys(Slot, 1))
    ready.add(waiting(NOW + timedelta(seconds=60)), NOW)
    assert ready.seconds_to_next(NOW) == 60
    assert list(ready.take(NOW)) == []
    before = NOW - timedelta(days=2)
    assert ready.seconds_to_next(before) == 0
    assert list(ready.take(before)) == [1]
