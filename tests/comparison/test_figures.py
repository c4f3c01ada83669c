"""What a comparison says: shares and intervals, pairs, and who repaired what alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.comparison import Comparison, compare
from stillwater.comparison.kinds import kind
from stillwater.comparison.statistics import mcnemar, wilson
from stillwater.comparison.tables import ARMS, tables
from stillwater.machine import CANCELLED, Event
from stillwater.scheduler import abandon
from stillwater.store import Store
from stillwater.telling.results import feedback_note, feedback_of
from tests.cli.conftest import USAGE, Bench
from tests.comparison.conftest import ONE_LINE, SEVERAL, compared


@pytest.fixture
def told(db: Path) -> Comparison:
    with Store.open(db, read_only=True) as store:
        return compare(store, store.run("compared"))


def test_each_arm_is_told_with_what_it_took(told: Comparison) -> None:
    patch, direct, feedback = told.arms
    assert [one.arm for one in told.arms] == ["patch", "direct", "feedback"]
    assert [(one.verified, one.total) for one in told.arms] == [(1, 8), (3, 8), (6, 8)]
    assert [one.success for one in told.arms] == [(1,), (3,), (1, 3, 6)]
    # 1, 2, 2 attempts of those verified at once, then, and 3 each of all others.
    assert (patch.calls, direct.calls, feedback.calls) == (8, 8, 1 + 2 * 2 + 5 * 3)
    assert patch.prompt_tokens == 8 * 1200
    assert feedback.completion_tokens == 20 * 80
    assert patch.applied == 8
    assert feedback.ends == {"tests still fail": 14, "verified": 6}
    assert direct.settings == {"attempts": 1}


def test_what_no_server_told_of_its_cache_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Comparison
) -> None:
    cached = ARMS.index("cached")
    assert [row[cached] for row in next(tables(told)).rows] == ["50%", "50%", "50%"]
    monkeypatch.setitem(USAGE, "cached_tokens", None)
    compared(tmp_path / "untold.db")
    with Store.open(tmp_path / "untold.db", read_only=True) as store:
        untold = compare(store, store.run("compared"))
    assert {one.cached_tokens for one in untold.arms} == {None}
    assert [row[cached] for row in next(tables(untold)).rows] == ["–", "–", "–"]


def test_only_the_instances_that_no_other_arm_repaired_are_an_arm_s_own(told: Comparison) -> None:
    assert [one.only for one in told.arms] == [
        (), (), ("moss__moss-4", "moss__moss-5", "moss__moss-6", "tide__tide-3"),
    ]  # fmt: skip


def test_pairs_are_of_the_same_instances_with_all_calls_and_with_as_many(told: Comparison) -> None:
    pair = next(one for one in told.pairs if (one.first, one.second) == ("direct", "feedback"))
    assert (len(pair.whole.only_first), len(pair.whole.only_second)) == (1, 4)
    assert (pair.whole.both, pair.whole.neither) == (2, 1)
    assert pair.calls == 1
    assert (len(pair.alike.only_first), len(pair.alike.only_second)) == (2, 0)
    # Binomial: 2 * (1 + 5) / 2**5, and 2 * 1 / 2**2.
    assert pair.whole.p == pytest.approx(0.375)
    assert pair.alike.p == pytest.approx(0.5)


def test_repositories_and_kinds_of_bugs_are_told_apart(told: Comparison) -> None:
    assert [(one.name, one.total) for one in told.repositories] == [
        ("moss/moss", 4), ("tide/tide", 4),
    ]  # fmt: skip
    assert told.repositories[1].verified == {"patch": 1, "direct": 3, "feedback": 3}
    assert [(one.name, one.total) for one in told.kinds] == [("one line", 7), ("several files", 1)]


def test_an_instance_that_some_arm_is_still_at_counts_for_none(db: Path) -> None:
    with Store.open(db) as store:
        store.create_run(
            run_id="half",
            dataset="d",
            dataset_sha256="e" * 64,
            config={
                "models": ["m"],
                "attempts": 1,
                "feedback": "tests",
                "arms": {"a": {}, "b": {}},
            },
            version="0",
            rows=[{"instance_id": "x-1"}, {"instance_id": "x-2"}],
            arms={"a": "m", "b": "m"},
        )
        bench = Bench(store)
        for row in store.machines("half")[:3]:
            bench.read(row.id)
            bench.verify(row.id)
        told = compare(store, store.run("half"))
    assert told.left_out == ("x-2",)
    assert [(one.verified, one.total) for one in told.arms] == [(1, 1), (1, 1)]


def test_an_instance_that_was_cancelled_under_some_arm_counts_for_none(db: Path) -> None:
    with Store.open(db) as store:
        store.create_run(
            run_id="cut", dataset="d", dataset_sha256="e" * 64, version="0",
            config={"models": ["m"], "attempts": 1, "arms": {"a": {}, "b": {}}},
            rows=[{"instance_id": f"x-{n}"} for n in range(3)], arms={"a": "m", "b": "m"},
        )  # fmt: skip
        bench = Bench(store)
        for row in store.machines("cut")[:3]:
            bench.read(row.id)
            bench.verify(row.id)
        abandon(store, "cut", CANCELLED, datetime.now(UTC))
        told = compare(store, store.run("cut"))
    assert told.left_out == ("x-1", "x-2")
    assert [(one.verified, one.total) for one in told.arms] == [(1, 1), (1, 1)]
    assert [one.only for one in told.arms] == [(), ()]


@pytest.mark.parametrize(
    ("run", "arms", "found"),
    [
        ("visible", {}, "visible"),
        ("visible", {"a": {}, "b": {"feedback": "visible"}}, "visible"),
        ("visible", {"a": {}, "b": {"feedback": "tests"}}, "differs"),
        ("visible", {"a": {"feedback": "tests"}, "b": {"feedback": "tests"}}, "tests"),
        (None, {}, None),
    ],
)
def test_the_note_on_feedback_is_of_what_the_arms_saw(
    run: str | None, arms: dict[str, dict[str, str]], found: str | None
) -> None:
    config = {"feedback": run, "arms": arms}
    assert feedback_of(config) == found
    note = feedback_note(config)
    assert (note is None) == (found is None)
    assert found is None or found == "visible" or "not a SWE-bench score" in str(note)


def test_a_run_that_hasn_t_ended_with_anything_divides_by_nothing(db: Path) -> None:
    with Store.open(db) as store:
        store.create_run(
            run_id="new",
            dataset="d",
            dataset_sha256="f" * 64,
            config={
                "models": ["m"],
                "attempts": 2,
                "feedback": "tests",
                "arms": {"a": {}, "b": {}},
            },
            version="0",
            rows=[{"instance_id": "x-1"}],
            arms={"a": "m", "b": "m"},
        )
        Bench(store).go(1 + max(r.id for r in store.machines("compared")), Event.DEFER, {})
        told = compare(store, store.run("new"))
    assert [(one.rate, one.interval) for one in told.arms] == [(None, None)] * 2


@given(st.integers(1, 400), st.data())
def test_the_interval_holds_the_share(total: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, total))
    low, high = wilson(successes, total) or (2.0, -1.0)
    assert 0 <= low <= successes / total + 1e-9
    assert successes / total - 1e-9 <= high <= 1


def test_the_interval_is_that_of_the_textbooks() -> None:
    # Newcombe (1998, Statistics in Medicine 17, 857-872), table I, method 3: 81 of 263, 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_exact_test_knows_no_first_and_second(one: int, other: int) -> None:
    assert mcnemar(one, other) == pytest.approx(mcnemar(other, one))
    assert 0 < mcnemar(one, other) <= 1


def test_kinds_of_bugs() -> None:
    assert kind(ONE_LINE) == "one line"
    assert kind(SEVERAL) == "several files"
    assert kind(ONE_LINE + "@@ -9 +9 @@\n-x = 1\n+x = 2\n") == "several places"
    assert kind(ONE_LINE + "+more = 3\n") == "one place"
    assert kind(None) == kind("") == "fix unknown"
