from collections.abc import Callable
from datetime import timedelta

import pysqlite3.dbapi2 as sqlite
import pytest
import zstandard

from stillwater.errors import InputError
from stillwater.machine import Event, IllegalEvent, State
from stillwater.seal import UnfitEvidence, seal
from stillwater.snapshot import Artifact
from stillwater.store import StaleCommit, Store, StoreError
from stillwater.store.engine import driver as driver_of
from stillwater.where import Database
from tests.holds import holds
from tests.store.raw import on_file, raw
from tests.store.stories import DATASET, ROWS, START, asked, fire_on, new_run


def counts(db: Database) -> list[int]:
    tables = ("runs", "instances", "machines", "transitions", "artifacts")
    with raw(db) as client:
        return [client.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables]


def test_a_new_run_has_all_arms_of_an_instance_together_and_another_first_each_time(
    store: Store,
) -> None:
    new_run(store, "run-2", arms=("default", "warm"))
    rows = store.machines("run-2")
    assert [(row.instance_id, row.arm) for row in rows] == [
        ("tide__tide-1", "default"),
        ("tide__tide-1", "warm"),
        ("moss__moss-2", "warm"),
        ("moss__moss-2", "default"),
    ]
    assert {(row.state, row.attempt, row.model, row.seq, row.head) for row in rows} == {
        (State.READ, 1, "small", 0, None)
    }
    assert counts(store.path)[:3] == [2, 2, 6]


def test_an_instance_comes_back_as_it_was_given(store: Store) -> None:
    assert store.instance(DATASET, "tide__tide-1") == ROWS[0]
    with pytest.raises(InputError, match="no instance reef"):
        store.instance(DATASET, "reef")


def test_runs_are_found_by_prefix_newest_first(store: Store) -> None:
    new_run(store, "run-2")
    assert [run.id for run in store.runs()] == ["run-2", "run-1"]
    assert store.run("run-1").config == {"attempts": 3}
    new_run(store, "other")
    assert store.run("oth").id == "other"
    with pytest.raises(InputError, match="may be any of run-2, run-1"):
        store.run("run")
    with pytest.raises(InputError, match="there is no run tide"):
        store.run("tide")


def test_the_newest_unfinished_run_is_the_one_to_resume(store: Store) -> None:
    new_run(store, "run-2")
    store.finish_run("run-2")
    finished = store.run("run-2").finished_at
    store.finish_run("run-2")
    assert store.run("run-2").finished_at == finished
    unfinished = store.unfinished()
    assert unfinished
    assert unfinished.id == "run-1"
    store.finish_run("run-1")
    assert store.unfinished() is None


def test_a_run_that_cant_be_made_leaves_nothing(store: Store) -> None:
    before = counts(store.path)
    with pytest.raises(InputError, match="a run run-1 already"):
        new_run(store)
    for rows, problem in (
        ([{"repo": "a/b"}], "row 1 of d has no instance_id"),
        ([ROWS[0], ROWS[0]], "row 2 of d repeats the instance tide__tide-1"),
        ([{"instance_id": "tide__tide-1"}], "but another tide__tide-1"),
    ):
        with pytest.raises(InputError, match=problem):
            store.create_run(
                run_id="x",
                dataset="d",
                dataset_sha256=DATASET,
                config={},
                version="0",
                rows=rows,
                arms={"default": "m"},
            )
    assert counts(store.path) == before


def test_a_commit_writes_the_transition_its_artifacts_and_the_state(store: Store) -> None:
    later = START + timedelta(hours=1)
    past = store.commit(
        1,
        expect_seq=0,
        event=Event.READ,
        sealed=seal({"files": []}, {"log": Artifact("log", b"line\n" * 1000)}),
        started_at=START,
        finished_at=START,
        attempt=1,
        next_attempt=2,
        model="large",
        not_before=later,
    )
    assert store.history(1) == (past,)
    assert (past.seq, past.source, past.target) == (1, State.READ, State.GENERATE)
    assert store.artifacts(past.artifacts.values()) == {past.artifacts["log"]: b"line\n" * 1000}
    row = store.machine(1)
    assert (row.state, row.attempt, row.model) == (State.GENERATE, 2, "large")
    assert (row.not_before, row.seq) == (later, 1)
    fire_on(store, 1, Event.DEFER)
    assert (store.machine(1).model, store.machine(1).not_before) == ("large", None)


def test_the_active_machines_are_those_in_no_final_state(store: Store) -> None:
    fire_on(store, 1, Event.INVALID)
    assert [row.id for row in store.active("run-1")] == [2]


def test_the_same_artifact_is_stored_once(store: Store) -> None:
    fire_on(store, 1, Event.READ, blobs={"log": "same", "feedback": "same"})
    fire_on(store, 2, Event.READ, blobs={"log": "same"})
    assert counts(store.path)[4] == 1


def test_a_commit_ends_the_lease(store: Store) -> None:
    store.mark_leased([1, 2], "worker-7", START)
    assert [row.lease_owner for row in store.machines("run-1")] == ["worker-7", "worker-7"]
    fire_on(store, 1, Event.READ)
    assert [row.lease_owner for row in store.machines("run-1")] == [None, "worker-7"]
    assert store.machine(2).lease_until == START


def stale(store: Store, seq: int = 5) -> None:
    store.commit(
        1,
        expect_seq=seq,
        event=Event.READ,
        sealed=seal({}, {"log": Artifact("log", b"x")}),
        started_at=START,
        finished_at=START,
        attempt=1,
        next_attempt=1,
    )


Refused = Callable[[Store], object]
REFUSED: list[tuple[type[Exception], Refused]] = [
    (IllegalEvent, lambda store: fire_on(store, 1, Event.PASSED, blobs={"log": "x"})),
    (UnfitEvidence, lambda store: fire_on(store, 1, Event.READ, {"n": float("nan")})),
    (UnfitEvidence, lambda store: fire_on(store, 1, Event.READ, {"s": "\ud800"})),
    (InputError, lambda store: fire_on(store, 99, Event.READ)),
    (StaleCommit, stale),
]


@pytest.mark.parametrize(("error", "act"), REFUSED)
def test_what_is_refused_leaves_nothing_and_the_next_commit_works(
    store: Store, error: type[Exception], act: Refused
) -> None:
    fire_on(store, 2, Event.READ)
    before = counts(store.path)
    with pytest.raises(error):
        act(store)
    assert counts(store.path) == before
    fire_on(store, 1, Event.READ)
    assert holds(store.path)


def test_a_final_state_stays_final(store: Store) -> None:
    fire_on(store, 1, Event.INVALID)
    for event in Event:
        with pytest.raises(IllegalEvent):
            fire_on(store, 1, event)


def test_a_second_writer_is_noticed_and_the_chain_goes_on(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    with Store.open(store.path) as other:
        fire_on(other, 1, Event.PROPOSED, asked())
        with pytest.raises(StaleCommit, match="is at transition 2, not 1"):
            stale(store, 1)
        fire_on(store, 2, Event.READ)
        fire_on(other, 1, Event.APPLIED)
    assert holds(store.path)


@on_file
def test_a_locked_database_gives_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwater.store.engine.BUSY_MILLISECONDS", 50)
    with Store.open(store.path) as second:
        second._connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        second._connection.rollback()
        blocker = sqlite.connect(store.path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked: another process"):
            fire_on(second, 1, Event.READ)
        with pytest.raises(StoreError, match="is locked: another process"):
            second.finish_run("run-1")
        assert len(second.machines("run-1")) == 2
        blocker.close()
        fire_on(second, 1, Event.READ)


@on_file
def test_a_full_disk_gives_a_sentence_and_nothing_is_half_written(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    before = counts(store.path)
    driver = driver_of(store._connection)
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {pages}").fetchall()
    with pytest.raises(StoreError, match="full: free some space"):
        fire_on(store, 1, Event.PROPOSED, {"long": "x" * 100_000}, {"log": "y"})
    assert counts(store.path) == before
    driver.execute("PRAGMA max_page_count = 1000000").fetchall()
    fire_on(store, 1, Event.PROPOSED, asked())
    assert holds(store.path)


def test_a_reader_cant_write(store: Store) -> None:
    with Store.open(store.path, read_only=True) as reader:
        assert len(reader.machines("run-1")) == 2
        with pytest.raises(StoreError, match="read-only"):
            fire_on(reader, 1, Event.READ)


def test_a_missing_or_altered_artifact_is_never_handed_out(store: Store) -> None:
    with pytest.raises(StoreError, match="no artifact 000"):
        store.artifact("0" * 64)
    past = fire_on(store, 1, Event.READ, blobs={"log": "true"})
    with raw(store.path) as client:
        client.unguard()
        for content in (zstandard.compress(b"lies"), b"junk"):
            client.execute("UPDATE artifacts SET content = ?", (content,))
            with pytest.raises(StoreError, match=r"not what was stored|damaged"):
                store.artifact(past.artifacts["log"])
