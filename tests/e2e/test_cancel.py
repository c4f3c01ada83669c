"""`stillwater cancel`: what was left in the middle ends as cancelled, and the record says so."""

from pathlib import Path

from stillwater.machine import Event, State
from stillwater.store import Store
from tests.cli.conftest import Bench, create
from tests.e2e.command import stillwater


def test_machines_that_are_not_final_fail_with_the_reason(tmp_path: Path) -> None:
    db = tmp_path / "stillwater.db"
    with Store.open(db) as store:
        first, second = create(store, "run-1", ("ledger__ledger-101", "ledger__ledger-102"))
        bench = Bench(store)
        bench.go(first, Event.INVALID, {"reason": "the tests can't run"}, log="broken")
        bench.go(second, Event.DEFER, {"reason": "model down", "wait_seconds": 300.0})
    done = stillwater(tmp_path, "cancel", "run-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of its machines" in done.stdout
    with Store.open(db, read_only=True) as store:
        assert store.run("run-1").finished_at is not None
        assert store.machine(second).state is State.FAILED
        last = store.history(second)[-1]
        assert (last.event, last.source) == (Event.ABORT, State.READ)
        assert last.evidence["reason"] == "cancelled by the operator"
        assert len(store.history(first)) == 1
    assert stillwater(tmp_path, "audit", "--quick").returncode == 0


def test_a_finished_or_unknown_run_is_told_in_a_sentence(tmp_path: Path) -> None:
    db = tmp_path / "stillwater.db"
    with Store.open(db) as store:
        create(store, "run-1", ("ledger__ledger-101",))
        store.finish_run("run-1")
    done = stillwater(tmp_path, "cancel", "run-1")
    assert (done.returncode, "is finished" in done.stderr) == (2, True)
    done = stillwater(tmp_path, "cancel", "nothing")
    assert (done.returncode, "no run nothing" in done.stderr) == (2, True)
