"""Sharing endpoints: prompts go where their prefix is, an endpoint that fails rests."""

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillwater.models.endpoints import Endpoint, EndpointError, OtherWeights
from stillwater.models.pool import LONGEST_REST, Pool

A, B, C = "http://a/v1", "http://b/v1", "http://c/v1"


class World:
    """Endpoints, what is wrong with them, and the time."""

    def __init__(self, **slots: int) -> None:
        self.listed = [Endpoint(f"http://{name}/v1", count) for name, count in slots.items()]
        self.problems: dict[str, str] = {}
        self.checked: Counter[str] = Counter()
        self.now = 0.0
        self.list_is_broken = False
        self.pool = Pool(self.listing, self.check, clock=lambda: self.now)

    def listing(self) -> list[Endpoint]:
        if self.list_is_broken:
            raise EndpointError("servers.txt:1: 'x' is no endpoint")
        return self.listed

    def check(self, url: str) -> str | None:
        self.checked[url] += 1
        return self.problems.get(url)

    def take(self, prefix: str, *, anywhere: bool = True) -> str | None:
        return self.pool.take(prefix, anywhere=anywhere)


def test_a_prompt_goes_where_its_prefix_is_and_elsewhere_only_if_it_must() -> None:
    world = World(a=1, b=1)
    assert world.take("django", anywhere=False) is None  # it is nowhere yet
    home = world.take("django")
    assert home == A
    assert world.take("sympy") == B
    world.pool.ended(A, answered=True)
    world.pool.ended(B, answered=True)
    assert world.take("sympy", anywhere=False) == B
    assert world.take("sympy", anywhere=False) is None  # busy
    assert world.take("sympy") == A  # but nothing idles for it
    world.pool.ended(A, answered=True)
    assert world.take("sympy", anywhere=False) == A  # its prefix is there now


def test_the_endpoint_with_most_room_is_asked_and_none_beyond_its_slots() -> None:
    world = World(a=1, b=3)
    assert [world.take(str(n)) for n in range(5)] == [B, B, A, B, None]
    assert world.pool.slots() == 4


def test_an_endpoint_that_fails_rests_until_it_answers_again_longer_each_time() -> None:
    world = World(a=1, b=1)
    rests = []
    for n in range(8):
        assert world.take(f"new-{n}") == A
        world.pool.ended(A, answered=False, why="refused")
        assert world.pool.slots() == 1
        assert world.take(f"new-{n}") == B  # whose prefix or not
        world.pool.ended(B, answered=True)
        begun = world.now
        while world.pool.slots() == 1:
            world.now += 1.0
            world.pool.look()
        rests.append(world.now - begun)
    assert rests == [2, 4, 8, 16, 32, LONGEST_REST, LONGEST_REST, LONGEST_REST]
    assert world.take("x") == A
    world.pool.ended(A, answered=True)
    assert world.take("x") == A
    world.pool.ended(A, answered=False)
    world.now += 2.0
    assert world.pool.look()  # an answer has made its rests short again


def test_several_that_fail_at_once_count_as_one_failure() -> None:
    world = World(a=8, b=1)
    taken = [world.take(str(n)) for n in range(8)]
    for url in taken:
        if url == A:
            world.pool.ended(A, answered=False)
    world.now += 2.0
    assert world.pool.look()
    assert world.pool.slots() == 9


def test_one_that_rests_is_checked_before_a_machine_is_sent_there() -> None:
    world = World(a=1, b=1)
    world.problems[A] = "nothing answers"
    assert world.take("x") == A
    world.pool.ended(A, answered=False)
    for _ in range(30):
        world.now += 1.0
        assert not world.pool.look()
    assert world.checked[A] == 4  # after 2, 4, 8 and 16 seconds
    world.problems.clear()
    world.now += 32.0
    assert world.pool.look()
    assert world.pool.slots() == 2


def test_where_all_rest_they_are_asked_in_turn_one_at_a_time() -> None:
    world = World(a=4, b=4)
    for one in (A, B):
        world.take(one)
        world.pool.ended(one, answered=False)
    assert world.pool.slots() == 1
    asked = []
    for _ in range(4):
        url = world.take("x")
        assert url is not None
        assert world.take("y") is None
        asked.append(url)
        world.now += 0.5
        world.pool.ended(url, answered=False)
    assert Counter(asked) == {A: 2, B: 2}
    assert not world.pool.has_others(A)


def test_endpoints_come_and_go_and_a_broken_list_changes_nothing() -> None:
    world = World(a=1)
    assert world.take("x") == A
    world.listed = [Endpoint(B, 2)]
    assert world.pool.look()
    assert world.pool.slots() == 3  # what is under way at the one that is gone takes no one's place
    assert world.take("x") == B  # the one that is gone gets nothing more
    world.pool.ended(A, answered=True)
    assert world.pool.slots() == 2
    for broken in (True, False):
        world.list_is_broken = broken
        world.listed = []
        assert not world.pool.look()
        assert world.pool.slots() == 2
    world.list_is_broken = False
    world.listed = [Endpoint(A, 1), Endpoint(B, 5)]
    assert world.pool.look()
    assert world.pool.slots() == 6


def test_one_that_comes_back_while_it_is_still_busy_is_not_asked_beyond_its_slots() -> None:
    world = World(a=1, b=1)
    both = list(world.listed)
    assert world.take("x") == A
    world.listed = both[1:]
    world.pool.look()
    world.listed = both
    world.pool.look()
    assert world.take("x") == B
    assert world.take("y") is None
    world.pool.ended(A, answered=True)
    assert world.take("y") == A


def test_those_that_do_not_answer_at_first_rest_from_the_start() -> None:
    world = World(a=1, b=1)
    world.problems[A] = "nothing answers"
    with world.pool.watched(lambda: None):
        assert world.pool.slots() == 1
        assert world.take("x") == B


def test_a_server_that_answers_nonsense_rests_and_is_looked_at_again() -> None:
    world = World(a=1, b=1)
    nonsense = [ValueError("no JSON")]

    def check(url: str) -> str | None:
        if url == A and nonsense:
            raise nonsense.pop()
        return None

    world.pool.check = check
    with world.pool.watched(lambda: None):
        assert world.pool.slots() == 1
        world.now += 2.0
        world.pool.look()
        assert world.pool.slots() == 2


def barring(world: World, *urls: str) -> None:
    """From now on these servers have other weights."""

    def check(url: str) -> str | None:
        if url in urls:
            raise OtherWeights(f"{url} serves other weights")
        return world.problems.get(url)

    world.pool.check = check


def test_other_weights_are_not_asked_even_where_nobody_else_is_left() -> None:
    world = World(a=1, b=1)
    barring(world, B)
    with world.pool.watched(lambda: None):
        assert world.take("x") == A
        world.problems[A] = "nothing answers"
        world.pool.ended(A, answered=False)
        for _ in range(200):
            world.now += 1.003
            world.pool.look()
            if (url := world.take("x")) is not None:
                assert url == A
                world.pool.ended(url, answered=False)
        assert world.pool.barred() is None
        barring(world, A, B)
        world.now += LONGEST_REST
        world.pool.look()
        assert (world.pool.slots(), world.take("x")) == (0, None)
        assert world.pool.barred() == f"{A} serves other weights; {B} serves other weights"
        barring(world)
        world.problems.clear()
        world.now += LONGEST_REST
        world.pool.look()
        assert (world.pool.slots(), world.pool.barred()) == (2, None)


def test_one_that_is_barred_while_it_answers_does_not_come_back_by_its_answer() -> None:
    world = World(a=1, b=1)
    assert world.take("x") == A
    world.pool.ended(A, answered=False)
    assert (world.take("x"), world.take("y")) == (B, None)
    world.pool.ended(B, answered=False)
    url = world.take("x")  # all rest, so one of them is asked
    assert url is not None
    barring(world, A, B)
    world.now += LONGEST_REST
    world.pool.look()
    world.pool.ended(url, answered=True)
    assert world.pool.slots() == 0


def test_one_that_joins_or_answers_again_is_checked_at_once() -> None:
    world = World(a=1)
    world.listed.append(Endpoint(B, 1))
    barring(world, B)
    assert world.pool.look()
    assert world.pool.slots() == 1
    assert (world.take("x"), world.take("y")) == (A, None)
    world.pool.ended(A, answered=False)
    assert world.take("x") == A
    world.pool.ended(A, answered=True)
    barring(world, A, B)
    world.pool.look()
    assert world.pool.slots() == 0


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order: no endpoint is asked beyond what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(a=2, b=1)
        self.under_way: list[str] = []

    @rule(prefix=st.sampled_from("xyz"), anywhere=st.booleans())
    def ask(self, prefix: str, anywhere: bool) -> None:
        listed = {one.url: one.slots for one in self.world.listed}
        room = self.world.pool.slots() > len(self.under_way)
        url = self.world.take(prefix, anywhere=anywhere)
        if url is None:
            return
        assert room
        assert url in listed
        self.under_way.append(url)
        assert self.under_way.count(url) <= listed[url]

    @rule(data=st.data(), answered=st.sampled_from((True, False, None)))
    def end(self, data: st.DataObject, answered: bool | None) -> None:
        if self.under_way:
            url = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
            self.world.pool.ended(url, answered)

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        self.world.now += seconds
        self.world.pool.look()

    @rule(names=st.sets(st.sampled_from("abc"), min_size=1))
    def relist(self, names: set[str]) -> None:
        self.world.listed = [Endpoint(f"http://{name}/v1", 2) for name in sorted(names)]
        self.world.pool.look()

    @rule(names=st.sets(st.sampled_from((A, B, C))))
    def break_down(self, names: set[str]) -> None:
        self.world.problems = dict.fromkeys(names, "down")

    @invariant()
    def something_may_always_be_asked(self) -> None:
        assert self.world.pool.slots() >= 1
        if not self.under_way:
            url = self.world.take("w")
            assert url is not None
            self.world.pool.ended(url, None)


TestAnyOrder = pytest.mark.filterwarnings("error")(AnyOrder.TestCase)
