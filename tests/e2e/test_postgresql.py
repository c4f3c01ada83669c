"""A run whose record is on a PostgreSQL server: the same as in a file, whatever ends on the way."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from stillwater.audit.server import copied
from stillwater.cli.main import app
from stillwater.errors import InputError
from stillwater.where import Database, Server
from tests.e2e.audit import audited, check_paths, result
from tests.e2e.command import started, stillwater
from tests.holds import holds
from tests.patience import DEADLINE
from tests.postgres import Postgres

RUN = ("run", "samples", "--limit", "2", "--attempts", "1", "--model", "builtin/mutate")
LOCAL = ("--sandbox", "local")
PASSWORD = "a-password-for-nobody"
WAIT = 120.0


@dataclass
class Ended:
    """A run that nothing disturbed, in a file and on a server."""

    file: Path
    server: Server
    folder: Path

    def stillwater(self, *words: str) -> subprocess.CompletedProcess[str]:
        return stillwater(self.folder, *words, "--db", str(self.server))


@pytest.fixture(scope="module")
def ended(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    here, there = tmp_path_factory.mktemp("file"), tmp_path_factory.mktemp("server")
    server = postgres.empty()
    url = f"{server}&password={PASSWORD}"
    runs = [started(here, *RUN, *LOCAL), started(there, *RUN, *LOCAL, STILLWATER_DB=url)]
    assert [run.wait(DEADLINE) for run in runs] == [0, 0], (there / "out.txt").read_text()
    yield Ended(here / "stillwater.db", server, there)
    postgres.drop(server)


def came_of(server: Server) -> dict[str, Any]:
    with copied(server) as copy:
        check_paths(copy)
        return result(copy)


def test_the_same_comes_of_it_as_in_a_file_and_all_of_it_holds(ended: Ended) -> None:
    assert came_of(ended.server) == result(ended.file)
    told = audited(ended.folder, "--db", str(ended.server))
    assert [one["behind"] for one in told["heads"]] == [0]
    assert all(told["checked"][kind] for kind in ("completions", "patches", "verdicts"))


READING = (
    ("status",),
    ("report",),
    ("show", "confine__confine-14"),
    ("export", "predictions"),
)


def test_every_command_that_reads_tells_the_same(ended: Ended) -> None:
    for words in READING:
        assert plain(told(ended.server, *words)) == plain(told(ended.file, *words))
    facts = [json.loads(told(db, "report", "--json")) for db in (ended.server, ended.file)]
    for name in ("success_at_k", "repositories", "endings", "world_failures", "config"):
        assert facts[0][name] == facts[1][name]
    done = ended.stillwater("replay", "--instance", "confine__confine-14", "--sandbox", "local")
    assert "no difference" in done.stdout, done.stdout + done.stderr


def told(db: Database, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--db", str(db)], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.stdout


def plain(text: str) -> str:
    """Without ids of runs, times and what they took."""
    ids = re.sub(r"\d{8}-\d{6}-\w{4}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|[0-9a-f]{12,}", "…", text)
    took = re.sub(r"\d+(\.\d+)?( min \d+)? ?m?s\b", "…", ids)
    return re.sub(r"[ ─]+", " ", took)


@pytest.mark.parametrize("words", [("backup", "copy.db"), ("vacuum",)])
def test_what_a_server_lacks_is_said_in_one_sentence(ended: Ended, words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["db", *words, "--db", str(ended.server)])
    assert isinstance(done.exception, InputError)
    assert "is no file but on a PostgreSQL server: " in str(done.exception)


def test_a_password_is_kept_nowhere(ended: Ended) -> None:
    for path in ended.folder.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    with copied(ended.server) as copy:
        assert PASSWORD.encode() not in copy.read_bytes()


def test_what_the_owner_of_the_server_altered_is_found(ended: Ended) -> None:
    with psycopg.connect(**ended.server.options(), autocommit=True) as owner:
        owner.execute("ALTER TABLE transitions DISABLE TRIGGER transitions_no_update")
        found = owner.execute(
            "UPDATE transitions SET evidence = replace(evidence, 'e', 'E') WHERE id = 2 "
            "RETURNING (SELECT evidence FROM transitions WHERE id = 2)"
        ).fetchone()
        try:
            done = ended.stillwater("audit")
            assert done.returncode == 1
            assert "VIOLATION in transitions 2: its content doesn't have the digest" in done.stdout
        finally:
            owner.execute("UPDATE transitions SET evidence = %s WHERE id = 2", found)
            owner.execute("ALTER TABLE transitions ENABLE TRIGGER transitions_no_update")
    assert holds(ended.server)


def test_killed_and_with_its_server_restarted_it_ends_as_undisturbed(
    ended: Ended, postgres: Postgres, tmp_path: Path
) -> None:
    server = postgres.empty()
    try:
        run = started(tmp_path, *RUN, *LOCAL, "--db", str(server))
        until(lambda: count(server) >= 2)
        run.kill()
        run.wait(DEADLINE)
        committed = count(server)

        run = started(tmp_path, "resume", "--db", str(server))
        until(lambda: count(server) > committed or run.poll() is not None)
        postgres.restart()
        assert run.wait(DEADLINE) == 1
        (said,) = [one for one in out(tmp_path) if one.startswith("stillwater: ")]
        assert re.search(r"the connection to .* was lost|can't be reached", said)
        assert "Traceback" not in "".join(out(tmp_path))

        done = stillwater(tmp_path, "resume", "--db", str(server))
        assert done.returncode == 0, done.stderr
        assert came_of(server) == result(ended.file)
        (kept,) = audited(tmp_path, "--db", str(server))["heads"]
        assert kept["behind"] == 0
    finally:
        postgres.drop(server)


def out(folder: Path) -> list[str]:
    return (folder / "out.txt").read_text().splitlines()


def count(server: Server) -> int:
    """How many transitions there are; none before there is a table."""
    with psycopg.connect(**server.options(), autocommit=True) as client:
        try:
            row = client.execute("SELECT count(*) FROM transitions").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return int(row[0]) if row else 0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
