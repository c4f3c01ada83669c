import json
import os
from pathlib import Path

import pytest

from stillwater.store import LeaseHeld, SchedulerLease, StoreError
from stillwater.store.lease import holder
from tests.store.processes import child, end, line
from tests.store.stories import START

HOLD = """
import subprocess, sys
from pathlib import Path
from stillwater.store import LeaseHeld, SchedulerLease
try:
    with SchedulerLease.acquire(Path(sys.argv[1]), "run-9"):
        offspring = subprocess.Popen(["sleep", "60"])
        print("held", offspring.pid)
        sys.stdin.readline()
        offspring.kill()
        offspring.wait()
except LeaseHeld as error:
    print(error)
"""


def test_the_lock_file_says_who_holds_the_lease(db: Path) -> None:
    with SchedulerLease.acquire(db, "run-1", clock=lambda: START):
        found = json.loads(db.with_name("stillwater.db.lock").read_text())
        assert found == holder(db)
        assert (found["pid"], found["run"]) == (os.getpid(), "run-1")
        assert found["started_at"] == "2026-11-23T12:00:00.000000Z"
    assert db.with_name("stillwater.db.lock").read_bytes() == b""
    assert holder(db) is None


def test_a_second_scheduler_is_told_who_has_it(db: Path) -> None:
    process = child(HOLD, db)
    try:
        assert line(process).startswith("held")
        message = rf"another scheduler \(pid {process.pid} on .*, since 20.*, run run-9\) holds"
        with pytest.raises(LeaseHeld, match=message), SchedulerLease.acquire(db, "run-1"):
            pytest.fail("two schedulers")
        process.communicate("\n", timeout=10)
        with SchedulerLease.acquire(db, "run-1"):
            pass
    finally:
        end(process)


def test_after_kill_9_the_next_acquires_at_once_even_with_orphans(db: Path) -> None:
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


def test_of_many_that_race_one_wins(db: Path) -> None:
    processes = [child(HOLD, db) for _ in range(4)]
    try:
        lines = [line(process) for process in processes]
        assert sum(said.startswith("held") for said in lines) == 1
        assert sum(said.startswith("another scheduler (pid") for said in lines) == 3
        for process in processes:
            process.communicate("\n", timeout=10)
    finally:
        for process in processes:
            end(process)


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


def test_the_lease_ends_with_an_error_too(db: Path) -> None:
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
