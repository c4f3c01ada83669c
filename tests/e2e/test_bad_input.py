"""Bad input: one sentence that says what is wrong, exit code 2, no traceback, nothing lost."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stillwater.samples import INSTANCES
from tests.e2e.command import started, stillwater
from tests.e2e.test_signals import wait_for_transition
from tests.patience import DEADLINE

FIRST = json.loads(INSTANCES.read_text("utf-8").splitlines()[0])
QUICK = ("--model", "builtin/mutate", "--sandbox", "local", "--attempts", "1")


def refused(done: "subprocess.CompletedProcess[str]", *said: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("stillwater: ")]
    assert len(lines) == 1, done.stderr
    for words in said:
        assert words in lines[0]


def dataset(folder: Path, **changes: Any) -> str:
    (folder / "d.jsonl").write_text(json.dumps(FIRST | changes) + "\n")
    return "d.jsonl"


def execute(db: Path, statement: str) -> None:
    with closing(sqlite3.connect(db)) as database, database:
        database.execute(statement)


def test_a_line_that_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(json.dumps(FIRST) + "\n{oops\n")
    refused(stillwater(tmp_path, "run", "d.jsonl"), "d.jsonl", "line 2", "not JSON")


def test_a_line_without_a_field(tmp_path: Path) -> None:
    row = {name: value for name, value in FIRST.items() if name != "base_commit"}
    (tmp_path / "d.jsonl").write_text(json.dumps(row) + "\n")
    refused(stillwater(tmp_path, "run", "d.jsonl"), "d.jsonl", "line 1", "base_commit")


def test_an_unknown_instance(tmp_path: Path) -> None:
    name = FIRST["instance_id"]
    refused(stillwater(tmp_path, "run", "--instance", name[:-1] + "x"), name)


def test_an_unknown_setting(tmp_path: Path) -> None:
    refused(stillwater(tmp_path, "run", "--set", "atempts=3"), "atempts", "attempts")


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "stillwater.db").write_text("this is no database, it is a text file\n" * 100)
    before = (tmp_path / "stillwater.db").read_bytes()
    for words in (("run", "--limit", "1", *QUICK), ("status",), ("resume",), ("report",)):
        refused(stillwater(tmp_path, *words), "stillwater.db")
    assert (tmp_path / "stillwater.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["stillwater.db"]


def test_a_database_in_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(stillwater(tmp_path, "run", "--db", "file/x.db", *QUICK), f"{tmp_path}/file/")
    refused(stillwater(tmp_path, "run", "--db", "/proc/none/x.db", *QUICK), "/proc/none")


def test_someone_elses_database(tmp_path: Path) -> None:
    execute(tmp_path / "stillwater.db", "CREATE TABLE runs (mine)")
    refused(stillwater(tmp_path, "run", "--limit", "1", *QUICK), "stillwater.db")


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    assert stillwater(tmp_path, "run", "--limit", "1", *QUICK).returncode == 0
    execute(tmp_path / "stillwater.db", "UPDATE alembic_version SET version_num = '9999'")
    refused(stillwater(tmp_path, "run", "--limit", "1", *QUICK), "newer")
    refused(stillwater(tmp_path, "status"), "newer")


def test_no_database_yet(tmp_path: Path) -> None:
    for words in (("status",), ("resume",), ("report",), ("show", "x")):
        refused(stillwater(tmp_path, *words), "stillwater.db", "stillwater run")
    assert not (tmp_path / "stillwater.db").exists()


def test_a_repository_without_the_commit(tmp_path: Path) -> None:
    name = dataset(tmp_path, base_commit="1" * 40)
    refused(stillwater(tmp_path, "run", name, *QUICK), FIRST["instance_id"], "1" * 40)


def test_a_test_command_that_does_not_exist(tmp_path: Path) -> None:
    name = dataset(tmp_path, test_command="no-such-program --all")
    refused(stillwater(tmp_path, "run", name, *QUICK), FIRST["instance_id"], "no-such-program")


def test_a_second_run_on_one_database_says_who_holds_it(tmp_path: Path) -> None:
    first = started(tmp_path, "run", "samples", *QUICK)
    try:
        wait_for_transition(tmp_path / "stillwater.db")
        second = stillwater(tmp_path, "run", "--limit", "1", *QUICK)
        refused(second, str(first.pid), "since")
    finally:
        first.kill()
        first.wait(DEADLINE)


def test_a_model_that_can_not_be_reached(tmp_path: Path) -> None:
    done = stillwater(tmp_path, "run", "--limit", "1", "--model", "ollama_chat/nothing")
    refused(done, "ollama_chat/nothing", "ollama serve")


def test_a_model_of_no_known_provider(tmp_path: Path) -> None:
    done = stillwater(tmp_path, "run", "--limit", "1", "--model", "nosuch/model")
    refused(done, "nosuch/model", "PROVIDER/NAME")


@pytest.mark.parametrize("words", [("run", "--limit", "none"), ("nonsense",), ("run", "--what")])
def test_wrong_flags(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = stillwater(tmp_path, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
