import os
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest

from stillwater.audit.whole import audit
from stillwater.machine import Event
from stillwater.store import SchedulerLease, Store
from tests.store.stories import fire_on

from .conftest import Cli


def change(db: Path, *statements: str) -> None:
    raw = sqlite.connect(db, isolation_level=None)
    for one in statements:
        raw.execute(one)
    raw.close()


def test_a_backup_holds_all_that_was_committed(cli: Cli, db: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store.open(db) as store, SchedulerLease.acquire(db, "run-old"):
        said = cli.out("db", "backup", copy, "--db", db)
        assert store.runs()
    assert said == f"{copy}: {copy.stat().st_size:,} bytes\n"
    assert audit(copy).checked == audit(db).checked
    assert audit(copy).holds
    assert "sound" in cli.out("db", "check", "--db", copy)


def test_a_backup_is_of_one_moment_while_commits_go_on(
    cli: Cli, unfinished: Path, tmp_path: Path
) -> None:
    machine = 4
    with Store.open(unfinished) as store:
        for n in range(5):
            fire_on(store, machine, Event.DEFER)
            copy = tmp_path / f"{n}.db"
            cli.out("db", "backup", copy, "--db", unfinished)
            fire_on(store, machine, Event.DEFER)
            assert audit(copy).holds
            with Store.open(copy, read_only=True) as copied:
                assert copied.machine(machine).seq == store.machine(machine).seq - 1


def test_a_backup_replaces_nothing_and_leaves_nothing(cli: Cli, db: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    before = sorted(tmp_path.iterdir())
    assert "exists already" in cli.refuses("db", "backup", mine, "--db", db)
    assert "exists already" in cli.refuses("db", "backup", db, "--db", db)
    assert "no folder" in cli.refuses("db", "backup", tmp_path / "no" / "x.db", "--db", db)
    assert (mine.read_text(), sorted(tmp_path.iterdir())) == ("mine", before)


@pytest.mark.parametrize("words", [("backup", "x.db"), ("check",), ("vacuum",)])
def test_without_a_database_nothing_is_made(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no database at" in cli.refuses("db", *words, "--db", tmp_path / "none.db")
    (tmp_path / "text.db").write_text("no database\n" * 500)
    assert "is not a database" in cli.refuses("db", *words, "--db", tmp_path / "text.db")
    assert [path.name for path in tmp_path.iterdir()] == ["text.db"]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP TRIGGER transitions_no_update", "the trigger transitions_no_update is missing"),
        ("DROP VIEW outcomes", "the view outcomes is missing"),
        ("DROP INDEX ix_machines_active", "the index ix_machines_active is missing"),
        ("CREATE VIEW mine AS SELECT 1", "the view mine is not Stillwater's"),
        ("ALTER TABLE runs ADD COLUMN mine TEXT", "the table runs is not as the migrations"),
        ("INSERT INTO machines SELECT 99, 'gone', instance_id, arm, state, attempt, model, NULL, "
         "NULL, NULL, created_at, updated_at FROM machines WHERE id = 1",
         "machines 99 names a row of runs that is not there"),
    ],
)  # fmt: skip
def test_check_tells_what_is_not_as_it_should_be(
    cli: Cli, db: Path, statement: str, problem: str
) -> None:
    assert "sound" in cli.out("db", "check", "--db", db)
    change(db, statement)
    done = cli("db", "check", "--db", db)
    assert done.exit_code == 1
    assert problem in done.stdout


def test_check_finds_a_damaged_page(cli: Cli, db: Path) -> None:
    content = bytearray(db.read_bytes())
    content[8192 + 8 : 8192 + 64] = b"\xff" * 56
    db.write_bytes(content)
    done = cli("db", "check", "--db", db)
    assert done.exit_code == 1
    assert "integrity: " in done.stdout


def test_vacuum_gives_pages_back_and_keeps_everything(cli: Cli, db: Path) -> None:
    change(
        db, "CREATE TABLE mine (content)", "INSERT INTO mine VALUES (zeroblob(1000000))",
        "DROP TABLE mine",
    )  # fmt: skip
    before, size = audit(db), db.stat().st_size
    said = cli.out("db", "vacuum", "--db", db)
    assert db.stat().st_size < size - 900_000
    assert f"{size:,} bytes before, {db.stat().st_size:,} after" in said
    assert audit(db) == before
    assert "sound" in cli.out("db", "check", "--db", db)


def test_vacuum_refuses_while_a_scheduler_works(cli: Cli, db: Path) -> None:
    before = db.read_bytes()
    with SchedulerLease.acquire(db, "run-old"):
        said = cli.refuses("db", "vacuum", "--db", db)
    assert f"pid {os.getpid()}" in said
    assert db.read_bytes() == before
    assert cli.out("db", "vacuum", "--db", db)
