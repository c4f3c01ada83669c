import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from stillwater.machine import Event
from stillwater.store import LeaseHeld, SchedulerLease, Store, StoreError, TakenOver
from stillwater.store.lease import boot_id, holder, is_silent
from stillwater.where import Database
from tests.holds import holds
from tests.patience import DEADLINE
from tests.store.processes import child, end, line
from tests.store.raw import on_file, raw, refusal
from tests.store.stories import START, fire_on, new_run

HOLD = """
import subprocess, sys
from stillwater.store import LeaseHeld, SchedulerLease
from stillwater.where import database
try:
    with SchedulerLease.acquire(database(sys.argv[1]), "run-9"):
        offspring = subprocess.Popen(["sleep", "60"])
        print("held", offspring.pid)
        sys.stdin.readline()
        offspring.kill()
        offspring.wait()
except LeaseHeld as error:
    print(error)
"""


@on_file
def test_the_lock_file_says_who_holds_the_lease(db: Path) -> None:
    with SchedulerLease.acquire(db, "run-1", clock=lambda: START):
        found = json.loads(db.with_name("stillwater.db.lock").read_text())
        assert found == holder(db)
        assert (found["pid"], found["run"]) == (os.getpid(), "run-1")
        assert found["started_at"] == "2026-11-23T12:00:00.000000Z"
    assert db.with_name("stillwater.db.lock").read_bytes() == b""
    assert holder(db) is None


@on_file
def test_a_second_scheduler_is_told_who_has_it(db: Path) -> None:
    process = child(HOLD, db)
    try:
        assert line(process).startswith("held")
        message = rf"another scheduler \(pid {process.pid} on .*, since 20.*, run run-9\) holds"
        with pytest.raises(LeaseHeld, match=message), SchedulerLease.acquire(db, "run-1"):
            pytest.fail("two schedulers")
        process.communicate("\n", timeout=DEADLINE)
        with SchedulerLease.acquire(db, "run-1"):
            pass
    finally:
        end(process)


def test_after_kill_9_the_next_acquires_at_once_even_with_orphans(db: Database) -> None:
    process = child(HOLD, db)
    orphan = int(line(process).split()[1])
    try:
        process.kill()
        process.wait()
        with SchedulerLease.acquire(db, "run-1"):
            os.kill(orphan, 0)
    finally:
        os.kill(orphan, 9)
        end(process)


def test_of_many_that_race_one_wins(db: Database) -> None:
    processes = [child(HOLD, db) for _ in range(4)]
    try:
        lines = [line(process) for process in processes]
        assert sum(said.startswith("held") for said in lines) == 1
        named = "another scheduler (pid" if isinstance(db, Path) else "another scheduler holds"
        assert sum(said.startswith(named) for said in lines) == 3
        for process in processes:
            process.communicate("\n", timeout=DEADLINE)
    finally:
        for process in processes:
            end(process)


@on_file
def test_two_names_of_one_database_have_one_lease(db: Path) -> None:
    db.touch()
    link = db.with_name("link.db")
    link.symlink_to(db)
    with (
        SchedulerLease.acquire(db, "run-1"),
        pytest.raises(LeaseHeld),
        SchedulerLease.acquire(link, "run-2"),
    ):
        pytest.fail("two schedulers")


@on_file
def test_a_holder_that_gave_no_sign_of_life_is_overtaken_and_can_not_commit(db: Path) -> None:
    now = [1000.0]
    paused = SchedulerLease.acquire(db, "run-1", seconds=3600, monotonic=lambda: now[0])
    with paused as old, Store.open(db) as before:
        before.begin_epoch(old)
        new_run(before)
        fire_on(before, 1, Event.READ)
        now[0] += 3599
        with (
            pytest.raises(LeaseHeld, match="another scheduler"),
            SchedulerLease.acquire(db, "run-1", monotonic=lambda: now[0]),
        ):
            pytest.fail("it lives")
        now[0] += 2
        with (
            SchedulerLease.acquire(db, "run-1", monotonic=lambda: now[0]) as new,
            Store.open(db) as after,
        ):
            after.begin_epoch(new)
            assert (old.is_held(), new.is_held()) == (False, True)
            with pytest.raises(TakenOver, match="paused for longer than its lease"):
                fire_on(before, 1, Event.PROPOSED)
            with pytest.raises(TakenOver):
                before.begin_epoch(old)
            fire_on(after, 1, Event.PROPOSED)
            with pytest.raises(TakenOver):
                fire_on(before, 2, Event.READ)
            with (
                pytest.raises(LeaseHeld),
                SchedulerLease.acquire(db, "run-1", monotonic=lambda: now[0]),
            ):
                pytest.fail("the next is alive")
            assert [past.event for past in after.history(1)] == [Event.READ, Event.PROPOSED]
            assert after.history(2) == ()
    assert holds(db)


def test_the_epochs_say_who_wrote_what_and_stay(db: Database) -> None:
    for committed in range(2):
        with SchedulerLease.acquire(db, "run-1") as lease, Store.open(db) as store:
            assert store.begin_epoch(lease) == committed + 1
            if not committed:
                new_run(store)
            fire_on(store, committed + 1, Event.READ)
    with raw(db) as client:
        found = client.execute("SELECT id, pid, last_transition FROM epochs").fetchall()
        assert found == [(1, os.getpid(), 0), (2, os.getpid(), 1)]
        for change in ("UPDATE epochs SET pid = 1", "DELETE FROM epochs"):
            with pytest.raises(refusal(db), match="append only"):
                client.execute(change)


@pytest.mark.parametrize(
    ("names", "silent"),
    [
        ({}, True),
        ({"boot_id": "another start of the machine"}, False),
        ({"renewed": 70.5}, False),
        ({"renewed": 500.0}, False),
        ({"renewed": None}, False),
        ({"lease_seconds": "x"}, False),
    ],
)
def test_only_the_monotonic_clock_of_this_start_of_the_machine_counts(
    names: dict[str, object], silent: bool
) -> None:
    found = {"boot_id": boot_id(), "renewed": 69.5, "lease_seconds": 30.0} | names

    assert is_silent(found, lambda: 100.0) is silent


@on_file
def test_of_many_that_take_a_silent_one_s_lease_one_wins(db: Path) -> None:
    process = child(HOLD.replace('"run-9")', '"run-9", seconds=0.2)'), db)
    contenders: list[subprocess.Popen[str]] = []
    lines: list[str] = []
    try:
        assert line(process).startswith("held")
        process.send_signal(signal.SIGSTOP)
        while not is_silent(holder(db) or {}):
            pass
        contenders = [child(HOLD, db) for _ in range(4)]
        lines = [line(one) for one in contenders]
        assert sum(said.startswith("held") for said in lines) == 1
        assert sum(said.startswith("another scheduler") for said in lines) == 3
        process.send_signal(signal.SIGCONT)
        process.communicate("\n", timeout=DEADLINE)
        assert holder(db) is not None
    finally:
        # The winner's offspring would hold its output open for a minute.
        for said in lines:
            if said.startswith("held"):
                os.kill(int(said.split()[1]), 9)
        for one in (process, *contenders):
            end(one)


def test_the_lease_ends_with_an_error_too(db: Database) -> None:
    with pytest.raises(KeyError), SchedulerLease.acquire(db, "run-1"):
        raise KeyError
    with SchedulerLease.acquire(db, "run-1"):
        pass


def test_where_no_lock_file_can_be_made_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "stillwater.db.lock").mkdir()
    with (
        pytest.raises(StoreError, match="can't be used"),
        SchedulerLease.acquire(tmp_path / "stillwater.db", "run-1"),
    ):
        pytest.fail("a folder is no lock")


@on_file
def test_who_was_overtaken_writes_no_run(db: Path) -> None:
    with Store.open(db) as first, Store.open(db) as second:
        with SchedulerLease.acquire(db, "one") as lease:
            first.begin_epoch(lease)
        with SchedulerLease.acquire(db, "two") as lease:
            second.begin_epoch(lease)
            with pytest.raises(TakenOver, match="begin it anew"):
                new_run(first, "late")
            assert [run.id for run in second.runs()] == []
