"""Whose turn it is: times that a clock has run away from hold nobody up."""

from datetime import UTC, datetime, timedelta

import pytest

from stillwater.machine import State
from stillwater.models.endpoints import Endpoint
from stillwater.models.pool import Pool
from stillwater.ready import Ready
from stillwater.slots import Slot
from stillwater.store import MachineRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waiting(not_before: datetime | None = None, number: int = 1) -> MachineRow:
    return MachineRow(
        id=number, run_id="r", instance_id="i", arm="default", state=State.GENERATE, attempt=1,
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


def test_a_free_endpoint_goes_to_the_machine_whose_prefix_it_has_before_any_other() -> None:
    listed = [Endpoint("http://a/v1", 1), Endpoint("http://b/v1", 1)]
    pool = Pool(lambda: listed, lambda url: None)
    ready = Ready(dict.fromkeys(Slot, 2), pool)
    for number, prefix in enumerate(("one", "two", "three"), 1):
        ready.add(waiting(number=number), NOW, prefix)
    assert list(ready.take(NOW)) == [1, 2]
    homes = {number: ready.endpoint(number) for number in (1, 2)}
    for number, prefix in ((2, "two"), (1, "one")):
        ready.ended(number)
        pool.ended(str(homes[number]), answered=True)
        ready.add(waiting(number=number), NOW, prefix)
    assert list(ready.take(NOW)) == [1, 2]  # 3 waits: it would cost both of them their cache
    assert {number: ready.endpoint(number) for number in (1, 2)} == homes
    ready.ended(1)
    pool.ended(str(homes[1]), answered=True)
    assert list(ready.take(NOW)) == [3]
    assert ready.endpoint(3) == homes[1]


def test_two_prompts_with_one_prefix_are_not_read_at_once_while_another_may_be() -> None:
    ready = Ready(dict.fromkeys(Slot, 2))
    for number, prefix in enumerate(("one", "one", "one", "two"), 1):
        ready.add(waiting(number=number), NOW, prefix)
    assert list(ready.take(NOW)) == [1, 4]
    ready.ended(4)
    assert list(ready.take(NOW)) == [2]  # nothing idles for it
    ready.ended(1)
    ready.add(waiting(number=1), NOW, "one")
    ready.add(waiting(number=5), NOW, "three")
    assert list(ready.take(NOW)) == [5]


def test_endpoints_with_several_slots_read_one_prefix_once_while_another_may_be() -> None:
    pool = Pool(lambda: [Endpoint("http://a/v1", 2)], lambda url: None)
    ready = Ready(dict.fromkeys(Slot, 2), pool)
    for number, prefix in enumerate(("one", "one", "two"), 1):
        ready.add(waiting(number=number), NOW, prefix)
    assert list(ready.take(NOW)) == [1, 3]


def test_what_needs_no_endpoint_begins_though_all_are_busy() -> None:
    pool = Pool(lambda: [Endpoint("http://a/v1", 1)], lambda url: None)
    ready = Ready(dict.fromkeys(Slot, 2), pool)
    ready.add(waiting(number=1), NOW, "one")
    ready.add(waiting(number=2), NOW, "two")
    ready.add(waiting(number=3), NOW)
    assert list(ready.take(NOW)) == [3, 1]
    assert ready.endpoint(3) is None
