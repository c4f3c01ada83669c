"""The README: its audit questions run on a real database, and its commands exist."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.main import get_command

from stillwater.canonical import Json
from stillwater.cli.main import app
from stillwater.machine import Event
from stillwater.store import Store
from tests.store.stories import exhaust, fire_on, new_run, repair_at_second_attempt

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
QUESTIONS = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "stillwater.db"
    with Store.open(path) as store:
        new_run(store, "run-1")
        repair_at_second_attempt(store, 1)
        exhaust(store, 2)
        new_run(store, "run-2")
        files: Json = [{"path": "a.py", "score": 1, "why": ["path named"], "tokens": 9}]
        fire_on(store, 3, Event.READ, {"files": files})
    return path


def test_there_are_five_questions() -> None:
    assert len(QUESTIONS) == 5


@pytest.mark.parametrize("number", range(5))
def test_each_question_is_answered(number: int, database: Path) -> None:
    # Python's own SQLite: an auditor has no Stillwater.
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(QUESTIONS[number]).fetchall()
    the_chain_is_unbroken = number == 4
    assert bool(rows) is not the_chain_is_unbroken


def test_every_command_and_option_that_the_readme_names_exists() -> None:
    lines = re.findall(r"^stillwater (.*?)(?:\s#.*)?$", README, re.MULTILINE)
    assert lines
    for line in lines:
        command, options = get_command(app), set[str]()
        for word in line.split():
            commands = getattr(command, "commands", {})
            if commands:
                assert word in commands, line
                command = commands[word]
                options |= {name for one in command.params for name in one.opts}
        assert set(re.findall(r"(?<!\S)--[\w-]+", line)) <= options, line
