import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stillwater.canonical import Json
from stillwater.machine import Event
from stillwater.snapshot import Artifact
from stillwater.store import NewRung, Store
from stillwater.where import Database, Server
from tests.store.raw import on_file, raw
from tests.store.stories import exhaust, fire_on, new_run, repair_at_second_attempt

DOCS = Path(__file__).parents[2] / "docs"
FILE, ON_SERVER = DOCS / "audit.sql", DOCS / "audit-postgresql.sql"


def questions(file: Path) -> dict[str, str]:
    """What is asked in that file, by its name."""
    found = re.findall(r"^-- name: ([\w-]+)\n(.*?;)$", file.read_text(), re.DOTALL | re.MULTILINE)
    return dict(found)


NAMES = [
    "why-verified",
    "every-attempt",
    "second-thoughts",
    "world-failures",
    "broken-links",
    "cut-off",
    "rungs",
]


@pytest.fixture
def audited(store: Store) -> Database:
    new_run(store, "run-2")
    repair_at_second_attempt(store, 1)
    exhaust(store, 2)
    fire_on(store, 3, Event.READ)
    checked: Json = [
        {"what": "edges, local", "holds": True, "told": "21 of 21"},
        {"what": "context of small", "holds": False, "told": "4096 tokens, num_ctx is 16384"},
        {"what": "sandbox docker", "holds": None, "told": "no engine answers"},
    ]
    store.add_rung(NewRung("run-1", 641, False, "0.1.0", {"checked": checked}))
    store.close()
    return store.path


def ask(db: Database, name: str) -> list[dict[str, Any]]:
    if isinstance(db, Server):
        with raw(db) as client:
            return client.rows(questions(ON_SERVER)[name])
    # Any SQLite must do, so Python's own.
    connection = sqlite3.connect(db)
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute(questions(FILE)[name])]
    connection.close()
    return rows


@pytest.mark.parametrize("file", [FILE, ON_SERVER])
def test_every_question_is_tested(file: Path) -> None:
    assert list(questions(file)) == NAMES


def test_why_was_it_verified(audited: Database) -> None:
    (row,) = ask(audited, "why-verified")
    assert (row["instance_id"], row["attempt"]) == ("tide__tide-1", 2)
    assert (row["fail_to_pass"], row["pass_to_pass"]) == ('["t"]', 4)
    assert row["log_sha256"] == Artifact("log", b"log 2").sha256


def test_every_attempt(audited: Database) -> None:
    rows = ask(audited, "every-attempt")
    assert [(row["instance_id"], row["attempt"], row["outcome"]) for row in rows] == [
        ("tide__tide-1", 1, "failed"),
        ("tide__tide-1", 2, "passed"),
        ("moss__moss-2", 1, "unusable"),
    ]
    assert rows[0]["patch_sha256"] == Artifact("patch", b"patch 1").sha256
    assert rows[2]["patch_sha256"] is None


def test_who_needed_more_than_one_attempt(audited: Database) -> None:
    (row,) = ask(audited, "second-thoughts")
    assert (row["instance_id"], row["attempts"]) == ("tide__tide-1", 2)
    assert row["outcomes"] == "failed passed"


def test_what_the_world_cost(audited: Database) -> None:
    (row,) = ask(audited, "world-failures")
    assert (row["source"], row["reason"]) == ("GENERATE", "model is down")
    assert row["seconds_lost"] == pytest.approx(1.5, abs=0.01)
    assert row["seconds_waited"] == 2


def test_where_the_chain_is_broken(audited: Database) -> None:
    assert ask(audited, "broken-links") == []
    with raw(audited) as client:
        client.unguard()
        client.execute("DELETE FROM transitions WHERE id = 4")
    assert [row["id"] for row in ask(audited, "broken-links")] == [5]


def test_which_answers_were_cut_off(audited: Database) -> None:
    (row,) = ask(audited, "cut-off")
    assert (row["instance_id"], row["event"]) == ("moss__moss-2", "unusable")
    assert row["completion_tokens"] == 20


@on_file
@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="needs the sqlite3 shell")
def test_the_file_runs_in_the_sqlite3_shell(audited: Database) -> None:
    with FILE.open() as questions:
        done = subprocess.run(
            ["sqlite3", "-bail", str(audited)],
            stdin=questions,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "tide__tide-1" in done.stdout


def test_which_rungs_were_tried(audited: Database) -> None:
    (row,) = ask(audited, "rungs")
    assert (row["run_id"], row["rung"], row["holds"], row["head_id"]) == ("run-1", 641, 0, 13)
    assert row["failed"] == "context of small: 4096 tokens, num_ctx is 16384"
