"""What is PostgreSQL's alone: its connections, locks, roles, and the schema on a server."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from alembic.command import upgrade

from stillwater.errors import InputError
from stillwater.machine import Event
from stillwater.service.board import reading
from stillwater.store import (
    Disconnected,
    LeaseHeld,
    SchedulerLease,
    Store,
    StoreError,
    TakenOver,
    listing,
    upkeep,
)
from stillwater.store.engine import opened
from stillwater.store.lease import holder
from stillwater.store.migrate import scripts
from stillwater.store.totals import Totals
from stillwater.telling.summary import summary
from stillwater.where import Database, Server, database
from tests.holds import holds
from tests.patience import DEADLINE
from tests.postgres import Postgres
from tests.store.processes import ROOT, child, end, line
from tests.store.raw import raw
from tests.store.stories import (
    START,
    asked,
    exhaust,
    fire_on,
    new_run,
    repair_at_second_attempt,
    ticking,
    wander,
)
from tests.store.test_migrations import config

WRITER = "(1400133484, 2)"
END_LEASE = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = 1400133484 AND objid = 1
"""
END_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def db(postgres: Postgres) -> Iterator[Server]:
    made = postgres.migrated()
    yield made
    postgres.drop(made)


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Server]:
    made = postgres.empty()
    yield made
    postgres.drop(made)


def test_an_empty_database_is_made_and_reading_makes_nothing(empty: Server) -> None:
    with pytest.raises(InputError, match="is empty; start with `stillwater run`"):
        Store.open(empty, read_only=True)
    Store.open(empty).close()
    with Store.open(empty, read_only=True) as store:
        assert store.runs() == []


def test_anothers_database_is_refused_and_left_alone(empty: Server) -> None:
    with raw(empty) as client:
        client.execute("CREATE TABLE bookmarks (url TEXT)")
        for read_only in (False, True):
            with pytest.raises(InputError, match="holds other tables, not Stillwater's"):
                Store.open(empty, read_only=read_only)
        assert client.execute("SELECT to_regclass('runs')").fetchone() == (None,)


def test_a_database_that_is_not_there_gives_a_sentence(postgres: Postgres) -> None:
    with pytest.raises(StoreError, match=r"can't be reached: .* does not exist"):
        Store.open(postgres.server("absent"))


def test_a_newer_database_says_which_version_it_needs(db: Server) -> None:
    with raw(db) as client:
        client.execute("UPDATE alembic_version SET version_num = '9999'")
        client.execute("COMMENT ON TABLE alembic_version IS 'Stillwater 2.3.4'")
    for read_only in (False, True):
        with pytest.raises(InputError, match=r"newer Stillwater: install version 2\.3\.4 or later"):
            Store.open(db, read_only=read_only)


def test_an_older_database_is_migrated_and_a_reader_is_told_so(empty: Server) -> None:
    with opened(empty) as connection:
        upgrade(config(connection), "0003")
    with raw(empty) as client:
        client.execute(
            "INSERT INTO runs VALUES ('run-1', '2026-11-23T12:00:00.000000Z', NULL, 'd', ?, "
            "'{}', '0.0.1')",
            ("d" * 64,),
        )
    with pytest.raises(InputError, match="older Stillwater: `stillwater resume` migrates it"):
        Store.open(empty, read_only=True)
    with Store.open(empty) as store:
        assert [run.id for run in store.runs()] == ["run-1"]
        new_run(store, "run-2")


def test_alembics_own_command_line_migrates_a_server(empty: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-x", f"db={empty}", "upgrade", "head"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Store.open(empty) as store:
        assert store.runs() == []


def test_each_revision_has_its_file_for_postgresql() -> None:
    folder = scripts()
    names = {path.stem for path in (folder / "versions").glob("[0-9]*_*.py")}
    assert {path.stem for path in (folder / "postgresql").glob("*.sql")} == names


def test_triggers_look_where_they_were_made(empty: Server) -> None:
    # A trigger that looked for tables along its session's own path could be shown others.
    with raw(empty) as client:
        client.execute("CREATE SCHEMA evil")
        with Store.open(empty) as store:
            new_run(store)
            fire_on(store, 1, Event.READ)
        client.execute("CREATE TABLE evil.machines AS SELECT * FROM machines WHERE false")
        client.execute("SET search_path = evil, public")
        copy = "SELECT 9, 2, 1, 'TEST', 'passed', 'VERIFIED', 1, started_at, finished_at, '{}'"
        with pytest.raises(Exception, match="a transition starts from the state"):
            client.execute(
                f"INSERT INTO transitions {copy}, sha256, sha256 FROM transitions WHERE id = 1"
            )
        client.execute("SET search_path = ''")
        assert client.execute("SELECT state FROM public.outcomes ORDER BY 1").fetchall() == [
            ("GENERATE",),
            ("READ",),
        ]


def test_whoever_holds_the_lease_is_named_once_its_epoch_has_begun(db: Server) -> None:
    assert holder(db) is None
    with SchedulerLease.acquire(db, "run-1") as lease, Store.open(db) as store:
        with (
            pytest.raises(LeaseHeld, match="has just begun"),
            SchedulerLease.acquire(db, "run-2"),
        ):
            pytest.fail("two schedulers")
        store.begin_epoch(lease)
        named = rf"another scheduler \(pid {os.getpid()} on .*, since 20.*\) holds"
        with pytest.raises(LeaseHeld, match=named), SchedulerLease.acquire(db, "run-2"):
            pytest.fail("two schedulers")
        found = holder(db)
        assert found
        assert (found["pid"], found["connected"]) == (os.getpid(), True)
    assert holder(db) is None


def test_without_the_connection_of_the_lease_nothing_is_committed(db: Server) -> None:
    with SchedulerLease.acquire(db, "run-1") as lease, Store.open(db) as store:
        store.begin_epoch(lease)
        new_run(store)
        fire_on(store, 1, Event.READ)
        with raw(db) as client:
            assert client.execute(END_LEASE).fetchall() == [(True,)]
        with pytest.raises(Disconnected, match="go on with `stillwater resume`"):
            fire_on(store, 1, Event.PROPOSED, asked())
        assert not lease.is_held()
        with SchedulerLease.acquire(db, "run-1") as next_lease, Store.open(db) as after:
            after.begin_epoch(next_lease)
            with pytest.raises(TakenOver):
                fire_on(store, 1, Event.PROPOSED, asked())
            fire_on(after, 1, Event.PROPOSED, asked())
    assert holds(db)


def test_a_connection_that_was_lost_stays_lost_and_nothing_is_twice(db: Server) -> None:
    with SchedulerLease.acquire(db, "run-1") as lease, Store.open(db) as store:
        store.begin_epoch(lease)
        new_run(store)
        fire_on(store, 1, Event.READ)
        with raw(db) as client:
            client.execute(END_ALL)
        acts: list[Callable[[], object]] = [
            lambda: fire_on(store, 1, Event.PROPOSED, asked()),
            lambda: store.finish_run("run-1"),
            store.runs,
            lambda: store.begin_epoch(lease),
        ]
        for act in acts:
            with pytest.raises(Disconnected, match=r"can't be reached|was lost"):
                act()
    with SchedulerLease.acquire(db, "run-1") as lease, Store.open(db) as store:
        store.begin_epoch(lease)
        assert [past.event for past in store.history(1)] == [Event.READ]
        assert store.run("run-1").finished_at is None
        fire_on(store, 1, Event.PROPOSED, asked())
    assert holds(db)


def test_of_two_that_write_one_waits_and_a_long_wait_gives_a_sentence(store: Store) -> None:
    with raw(store.path) as client:
        store._connection.exec_driver_sql("SET lock_timeout = '50ms'")
        store._connection.commit()
        client.execute(f"SELECT pg_advisory_lock{WRITER}")
        for act in (lambda: fire_on(store, 1, Event.READ), lambda: store.finish_run("run-1")):
            with pytest.raises(StoreError, match="is locked: another process"):
                act()
        assert len(store.machines("run-1")) == 2
        client.execute(f"SELECT pg_advisory_unlock{WRITER}")
        fire_on(store, 1, Event.READ)


COMMIT_MANY = """
import sys
from stillwater.machine import Event
from stillwater.store import StaleCommit, Store
from stillwater.where import database
from tests.store.stories import fire_on
store = Store.open(database(sys.argv[1]))
print("ready")
sys.stdin.readline()
for _ in range(25):
    fire_on(store, int(sys.argv[2]), Event.DEFER, {"reason": "x"})
"""


def test_writers_at_once_make_one_chain_without_gaps(db: Server) -> None:
    with Store.open(db) as store:
        new_run(store)
    processes = [child(COMMIT_MANY, db, machine_id) for machine_id in (1, 2)]
    try:
        for process in processes:
            assert line(process) == "ready"
        for process in processes:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        # Who finds that the other was faster reads the head anew, and may lose a race again.
        codes = [process.wait(DEADLINE) for process in processes]
        assert 0 in codes
    finally:
        for process in processes:
            end(process)
    with raw(db) as client:
        numbers = [number for (number,) in client.execute("SELECT id FROM transitions ORDER BY id")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert holds(db)


def test_the_schema_is_checked_against_the_one_that_is_made(db: Server) -> None:
    assert upkeep.check(db) == []
    with raw(db) as client:
        for change in (
            "ALTER TABLE transitions DISABLE TRIGGER transitions_no_update",
            "DROP TRIGGER runs_no_delete ON runs",
            "ALTER TABLE rungs DROP CONSTRAINT ck_rungs_rung",
            "CREATE OR REPLACE FUNCTION json_valid(value TEXT) RETURNS BOOLEAN "
            "LANGUAGE sql STABLE STRICT AS 'SELECT true'",
            "CREATE TABLE bookmarks (url TEXT)",
        ):
            client.execute(change)
    assert upkeep.check(db) == [
        "schema: the constraint ck_rungs_rung is missing",
        "schema: the function json_valid(value text) is not as it is made",
        "schema: the table bookmarks is not Stillwater's",
        "schema: the trigger runs_no_delete is missing",
        "schema: the trigger transitions_no_update is disabled",
    ]


ROLES = """
CREATE ROLE {name}_scheduler LOGIN PASSWORD 'a-password-of-its-own';
CREATE ROLE {name}_auditor LOGIN;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {name}_scheduler;
GRANT UPDATE ON runs, machines TO {name}_scheduler;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}_auditor
"""


def test_the_roles_of_docs_security_do_what_is_said_of_them(
    db: Server, postgres: Postgres, tmp_path: Path
) -> None:
    for statement in ROLES.format(name=db.name).split(";"):
        with raw(db) as client:
            client.execute(statement)

    def of(role: str) -> Server:
        found = database(f"postgresql://{db.name}_{role}@/{db.name}?host={postgres.folder}")
        assert isinstance(found, Server)
        return found

    try:
        scheduler, auditor = of("scheduler"), of("auditor")
        with SchedulerLease.acquire(scheduler, "run-1") as lease, Store.open(scheduler) as store:
            store.begin_epoch(lease)
            new_run(store)
            fire_on(store, 1, Event.READ, blobs={"log": "x"})
        with raw(scheduler) as client, pytest.raises(Exception, match="must be owner"):
            client.execute("ALTER TABLE transitions DISABLE TRIGGER ALL")
        assert holds(auditor)
        with Store.open(auditor, read_only=True) as store:
            assert len(store.machines("run-1")) == 2
        with Store.open(auditor) as store, pytest.raises(StoreError, match="refuses this role"):
            store.finish_run("run-1")
    finally:
        postgres.drop(db)
        for role in ("scheduler", "auditor"):
            postgres.run(f"DROP ROLE {db.name}_{role}")


def test_a_password_is_in_no_sentence(postgres: Postgres, tmp_path: Path) -> None:
    shut = database(f"postgresql://postgres:hush-hush@/absent?host={postgres.folder}")
    for act in (lambda: Store.open(shut), lambda: holds(shut), lambda: holder(shut)):
        with pytest.raises(Exception, match="absent") as caught:
            act()
        chain: BaseException | None = caught.value
        while chain is not None:
            assert "hush-hush" not in str(chain)
            chain = chain.__cause__


def test_text_with_the_character_0_is_kept_and_read(store: Store) -> None:
    fire_on(store, 1, Event.READ, {"reason": "a\0b", "baseline": {"tests": {"t\0": "FAILED"}}})
    (past,) = store.history(1)
    assert past.evidence["reason"] == "a\0b"
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT test FROM test_results").all()
    assert [tuple(row) for row in rows] == [("t\N{REPLACEMENT CHARACTER}",)]
    assert holds(store.path)


def test_a_view_in_place_of_a_table_is_no_evidence(store: Store) -> None:
    fire_on(store, 1, Event.READ)
    with raw(store.path) as client:
        client.execute("ALTER TABLE transitions RENAME TO others")
        client.execute("CREATE VIEW transitions AS SELECT * FROM others")
    assert not holds(store.path)


def test_rows_that_a_policy_hides_are_missed(store: Store, postgres: Postgres) -> None:
    fire_on(store, 1, Event.READ)
    role = f"{store.path.name}_reader"
    with raw(store.path) as client:
        for statement in (
            f"CREATE ROLE {role} LOGIN",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
            "ALTER TABLE transitions ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY few ON transitions USING (id > 1)",
        ):
            client.execute(statement)
        reader = database(f"postgresql://{role}@/{store.path.name}?host={postgres.folder}")
        try:
            with pytest.raises(InputError, match="row-level security"):
                holds(reader)
        finally:
            client.execute(f"DROP OWNED BY {role}")
            client.execute(f"DROP ROLE {role}")


def test_reports_say_the_same_of_the_same_story(db: Server, tmp_path: Path) -> None:
    said = []
    for where in (tmp_path / "stillwater.db", db):
        ticks = (START + timedelta(seconds=number) for number in count())
        with Store.open(where, clock=partial(next, ticks)) as store:
            new_run(store, "run-1", ("default", "warm"))
            repair_at_second_attempt(store, 1)
            exhaust(store, 2)
            exhaust(store, 3)
            fire_on(store, 4, Event.INVALID, {"reason": "no tests", "seconds": 1})
            store.mark_leased([1, 2], "worker-7", START)
            store.finish_run("run-1")
            run, totals = store.run("run-1"), Totals(str.upper)
            with store.reading() as connection:
                totals.catch_up(connection)
                listed = (
                    listing.transitions(connection, 3, 9),
                    listing.transitions(connection, 0, 2, machine_id=2),
                    listing.counts(connection),
                    listing.success_at_k(connection, ["run-1"]),
                    listing.is_kept(connection, "0" * 64),
                    connection.exec_driver_sql("SELECT * FROM attempts ORDER BY 2, 5").all(),
                    connection.exec_driver_sql("SELECT * FROM test_results ORDER BY 2, 6").all(),
                )
            said.append(
                [
                    json.dumps(summary(store, run)),
                    totals,
                    listed,
                    reading.failures(store, "run-1"),
                    reading.spans(store, "run-1"),
                    [tuple(row) for row in reading.defers(store, "run-1")],
                    store.machines("run-1"),
                    store.active("run-1"),
                    store.runs(),
                ]
            )
    for on_file, on_server in zip(*said, strict=True):
        assert on_server == on_file


VIEWS = ("attempts", "outcomes", "success_at_k", "model_usage", "test_results")


@pytest.mark.parametrize("seed", range(6))
def test_every_view_and_report_says_the_same_of_one_record_in_either_database(
    seed: int, db: Server, tmp_path: Path
) -> None:
    said = [_said(place, random.Random(seed)) for place in (db, tmp_path / "stillwater.db")]
    for view in (*VIEWS, "report"):
        assert said[0][view]
        assert said[0][view] == said[1][view]


def _said(place: Database, chance: random.Random) -> dict[str, object]:
    """Every row of every view, and the report, of machines that went any legal way."""
    with Store.open(place, clock=ticking()) as store:
        new_run(store, arms=("a", "b", "c", "d", "e"))
        for machine in store.machines("run-1"):
            wander(store, machine.id, chance)
        report = json.dumps(summary(store, store.run("run-1")), sort_keys=True)
    with raw(place) as client:
        rows = {view: client.rows(f"SELECT * FROM {view}") for view in VIEWS}
    return {"report": report} | {view: sorted(map(repr, found)) for view, found in rows.items()}
