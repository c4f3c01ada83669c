from pathlib import Path

import pytest
from sqlalchemy import text

from stillwater.errors import InputError
from stillwater.machine import Event, State
from stillwater.snapshot import Artifact
from stillwater.store import Store, queries
from stillwater.store.statements import ACTIVE
from tests.store.raw import on_file
from tests.store.stories import asked, exhaust, fire_on, repair_at_second_attempt


def test_outcomes_tell_what_came_of_each_machine(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    exhaust(store, 2)
    first, second = queries.outcomes(store.path, "run-1")
    assert (first.repo, first.state, first.attempts, first.model, first.reason) == (
        "tide/tide",
        State.VERIFIED,
        2,
        "small",
        Event.PASSED,
    )
    assert first.seconds == pytest.approx(9 * 1.5, abs=0.01)
    assert first.patch_sha256 == Artifact("patch", b"patch 2").sha256
    assert (second.state, second.attempts, second.patch_sha256, second.reason) == (
        State.FAILED,
        1,
        None,
        Event.EXHAUSTED,
    )


def test_a_machine_that_has_not_begun_has_an_outcome_too(store: Store) -> None:
    first = queries.outcomes(store.path, "run-1")[0]
    assert (first.state, first.attempts, first.seconds, first.reason) == (State.READ, 0, 0, None)


def test_success_at_k_counts_up_to_the_attempts_the_run_allows(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    exhaust(store, 2)
    rows = queries.success_at_k(store.path, "run-1")
    assert [(row.arm, row.k, row.verified, row.total) for row in rows] == [
        ("default", 1, 0, 2),
        ("default", 2, 1, 2),
        ("default", 3, 1, 2),
    ]


def test_model_usage_sums_what_was_told(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    fire_on(store, 1, Event.UNUSABLE, asked("large"))
    fire_on(store, 1, Event.RETRY)
    fire_on(store, 1, Event.PROPOSED, asked("small"))
    fire_on(store, 2, Event.READ)
    fire_on(store, 2, Event.PROPOSED, {"model": "small", "usage": None, "seconds": 1})
    rows = queries.model_usage(store.path, "run-1")
    assert [(row.model, row.calls, row.prompt_tokens, row.seconds) for row in rows] == [
        ("small", 2, 100, 3.5),
        ("large", 1, 100, 2.5),
    ]
    assert rows[0].cached_tokens is None


def test_repositories_are_counted_apart(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    rows = queries.by_repository(store.path, "run-1")
    assert [(row.repo, row.verified, row.failed, row.total) for row in rows] == [
        ("moss/moss", 0, 0, 1),
        ("tide/tide", 1, 0, 1),
    ]


def test_a_timeline_shows_every_transition(store: Store) -> None:
    exhaust(store, 2)
    steps = queries.timeline(store.path, 2)
    assert [step.event for step in steps] == [Event.READ, Event.UNUSABLE, Event.EXHAUSTED]
    assert {step.seconds for step in steps} == {1.5}
    assert steps[1].evidence["finish_reason"] == "length"
    assert steps[-1].sha256 == store.machine(2).head


def test_test_results_hold_the_baseline_and_each_candidate(store: Store) -> None:
    repair_at_second_attempt(store, 1)
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT attempt, phase, test, status FROM test_results ORDER BY seq"
        ).all()
    assert [tuple(row) for row in rows] == [
        (1, "baseline", "t", "FAILED"),
        (1, "candidate", "t", "FAILED"),
        (2, "candidate", "t", "PASSED"),
    ]


def test_an_attempt_of_which_only_the_world_failed_is_called_deferred(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    fire_on(store, 1, Event.DEFER)
    with store.reading() as connection:
        row = connection.exec_driver_sql("SELECT outcome, model FROM attempts").one()
    assert tuple(row) == ("defer", None)
    assert queries.outcomes(store.path, "run-1")[0].attempts == 0


@on_file
def test_active_machines_are_found_by_their_index(store: Store) -> None:
    with store.reading() as connection:
        query = text(f"EXPLAIN QUERY PLAN {ACTIVE}")
        plan = connection.execute(query, {"run_id": "run-1", "param_1": 1}).all()
    assert any("ix_machines_active" in row[-1] for row in plan), plan


def test_a_report_on_a_missing_database_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="start with `stillwater run`"):
        queries.outcomes(tmp_path / "x.db", "run-1")
