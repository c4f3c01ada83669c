"""`stillwater replay` as a person uses it: of a run that was killed, and of a changed one."""

import json
import os
import shutil
import sys
import time
from pathlib import Path
from subprocess import Popen

import pytest

from stillwater.store import Store
from tests.audit.world import World as Forger
from tests.e2e.audit import transitions
from tests.e2e.command import started, stillwater
from tests.e2e.test_fix import git
from tests.patience import DEADLINE

RUN = ("run", "samples", "--model", "builtin/mutate", "--sandbox", "local")
FIRST = "confine__confine-14"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of one machine with two attempts."""
    folder = tmp_path_factory.mktemp("recorded")
    done = stillwater(folder, *RUN, "--limit", "1", "--attempts", "2")
    assert done.returncode == 0, done.stderr
    return folder / "stillwater.db"


def killed_after(process: "Popen[str]", db: Path, many: int) -> None:
    """kill -9 the run as soon as its database has so many transitions."""
    deadline = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        if db.exists() and _count(db) >= many:
            break
        time.sleep(0.02)
    process.kill()
    process.wait(DEADLINE)


def _count(db: Path) -> int:
    with Store.open(db) as store:
        return sum(row.seq for run in store.runs() for row in store.machines(run.id))


@pytest.mark.slow
def test_a_killed_and_resumed_run_is_replayed_without_a_difference(tmp_path: Path) -> None:
    db = tmp_path / "stillwater.db"
    killed_after(started(tmp_path, *RUN, "--limit", "2", "--attempts", "1"), db, 3)
    killed_after(started(tmp_path, "resume"), db, 7)
    assert stillwater(tmp_path, "resume").returncode == 0
    many = sum(map(len, transitions(db).values()))
    before, temporary = db.read_bytes(), tmp_path / "temporary"
    temporary.mkdir()

    done = stillwater(tmp_path, "replay", TMPDIR=str(temporary))

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Replayed 2 machines, {many} transitions: no difference" in done.stdout
    assert db.read_bytes() == before
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_changed_answer_is_named_and_what_came_is_kept(recorded: Path, tmp_path: Path) -> None:
    shutil.copy(recorded, tmp_path)
    forger = Forger(tmp_path / "stillwater.db", tmp_path / ".stillwater")
    ((number,),) = forger.ask(
        "SELECT t.id FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id "
        "WHERE m.instance_id = ? AND t.event = 'proposed' AND t.attempt = 2",
        FIRST,
    )
    forger.forge(number, {}, name="completion", content=b"I \x1b[31mdon't know.")
    forger.tamper("UPDATE runs SET version = '0.0.9'")
    words = ("replay", "--instance", FIRST, "--into")

    done = stillwater(tmp_path, *words, "again.db")

    assert done.returncode == 1
    assert f"First difference: {FIRST}, attempt 2, in GENERATE: event\n" in done.stdout
    assert "  recorded  GENERATE --proposed--> APPLY, attempt 2\n" in done.stdout
    assert "  now       GENERATE --unusable--> REFINE, attempt 2: " in done.stdout
    assert "the same: 1 difference" in done.stdout
    assert "was made by Stillwater 0.0.9, this is " in done.stderr
    shown = stillwater(tmp_path, "show", FIRST, "--completion", "--db", "again.db")
    assert shown.stdout.strip() == "I don't know."
    assert stillwater(tmp_path, "audit", "--db", "again.db").returncode == 0

    refused = stillwater(tmp_path, *words, "again.db")
    assert refused.returncode == 2
    assert "--into again.db: there is such a file already" in refused.stderr

    told = stillwater(tmp_path, "replay", "--instance", FIRST, "--json")
    assert told.returncode == 1
    said = json.loads(told.stdout)
    assert not said["same"]
    assert [one["attempt"] for one in said["differences"]] == [2]


def test_a_replay_of_no_database_makes_none(tmp_path: Path) -> None:
    done = stillwater(tmp_path, "replay")
    assert done.returncode == 2
    assert "no database" in done.stderr
    assert not (tmp_path / "stillwater.db").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no-such-run",), "there is no run no-such-run"),
        (("--instance", "confine__confine-15"), f"the nearest: {FIRST}"),
        (("--sandbox", "moon"), "--sandbox moon: there are auto, docker, local"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(
    recorded: Path, words: tuple[str, ...], said: str
) -> None:
    done = stillwater(recorded.parent, "replay", "--into", "again.db", *words)
    assert done.returncode == 2
    assert not (recorded.parent / "again.db").exists()
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_run_of_a_fix_is_replayed_with_ones_own_path(tmp_path: Path) -> None:
    shop, programs = tmp_path / "shop", tmp_path / "programs"
    shop.mkdir()
    programs.mkdir()
    (shop / "price.py").write_text("def price(n):\n    return n + 1 - 2\n")
    (shop / "test_price.py").write_text(
        "from price import price\n\n\ndef test_price():\n    assert price(1) == 2\n"
    )
    git(shop, "init", "-q")
    check = programs / "check"
    check.write_text(f"#!/bin/sh\nexec {sys.executable} -m pytest -q\n")
    check.chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    words = ("fix", "--repo", "shop", "--test", "check", "--model", "builtin/mutate")
    fixed = stillwater(tmp_path, *words, PATH=path)
    assert "Verified" in fixed.stderr, fixed.stderr
    (db,) = tmp_path.glob("state/stillwater/*/stillwater.db")

    done = stillwater(tmp_path, "replay", "--db", str(db), PATH=path)

    assert (done.returncode, "no difference" in done.stdout) == (0, True), done.stdout + done.stderr
