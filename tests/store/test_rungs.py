"""The rungs of a run: written at the head of the chain, in a chain of their own."""

import pytest

from stillwater.audit.whole import audit
from stillwater.machine import Event
from stillwater.store import NewRung, SchedulerLease, Store, TakenOver
from stillwater.where import Database
from tests.store.raw import raw, refusal
from tests.store.stories import fire_on, new_run

PASSED = NewRung("run-1", 641, True, "0.1.0", {"told": "grüße", "share": 0.5})


def head(store: Store) -> str | None:
    return store.machine(1).head


def test_each_is_read_as_it_was_written_and_the_audit_counts_it(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    store.add_rung(PASSED)
    first = head(store)
    fire_on(store, 1, Event.PROPOSED)
    store.add_rung(NewRung("run-1", 274177, False, "0.2.0", {}))
    one, two = store.rungs("run-1")
    assert (one.rung, one.holds, one.version, one.head_sha256) == (641, True, "0.1.0", first)
    assert one.result == PASSED.result
    assert (two.rung, two.holds, two.head_sha256) == (274177, False, head(store))
    assert one.stands
    assert two.stands
    report = audit(store.path)
    assert report.violation is None
    assert report.checked["rungs"] == 2


def test_those_of_another_run_are_not_its_own(store: Store) -> None:
    new_run(store, "run-2")
    store.add_rung(NewRung("run-2", 641, True, "0.1.0", {}))
    assert store.rungs("run-1") == []
    assert store.rungs("run-2")[0].stands


def test_a_scheduler_that_was_overtaken_writes_none(store: Store) -> None:
    with SchedulerLease.acquire(store.path, "run-1") as lease:
        store.begin_epoch(lease)
        with Store.open(store.path) as later:
            later.begin_epoch(lease)
        with pytest.raises(TakenOver):
            store.add_rung(PASSED)
    assert store.rungs("run-1") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE rungs SET holds = 1 WHERE id = 1", "digest that it was stored with"),
        ("UPDATE rungs SET result = '{}' WHERE id = 2", "digest that it was stored with"),
        ("DELETE FROM rungs WHERE id = 1", "digest of the one before"),
    ],
)
def test_the_audit_notices_who_got_past_the_triggers(store: Store, change: str, said: str) -> None:
    store.add_rung(NewRung("run-1", 641, False, "0.1.0", {"told": "no"}))
    store.add_rung(NewRung("run-1", 641, False, "0.1.0", {"told": "still no"}))
    tamper(store.path, change)
    violation = audit(store.path).violation
    assert violation is not None
    assert violation.table == "rungs"
    assert said in violation.problem


def test_a_rung_names_the_head_that_the_chain_has(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    store.add_rung(PASSED)
    again = "INSERT INTO rungs SELECT 2, run_id, rung, holds, at, version, {}, result, sha256, ?"
    with raw(store.path) as client:
        for wrong in ("head_id, prev_sha256", "0, prev_sha256", "9, head_sha256"):
            with pytest.raises(refusal(store.path), match="at the head"):
                client.execute(f"{again.format(wrong)} FROM rungs", ("0" * 64,))


def tamper(db: Database, change: str) -> None:
    with raw(db) as client:
        client.unguard()
        client.execute(change)
