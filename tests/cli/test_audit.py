import json
import subprocess
import sys
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest

from stillwater import heads
from stillwater.heads import Head
from stillwater.keeper import append
from stillwater.store import Store

from .conftest import Cli


def last(db: Path) -> Head:
    with Store.open(db, read_only=True) as store:
        row = max(
            (one for run in store.runs() for one in store.machines(run.id)), key=lambda one: one.id
        )
    assert row.head
    return Head(row.head)


def drop_triggers(db: Path, *statements: str) -> None:
    raw = sqlite.connect(db, isolation_level=None)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    for one in statements:
        raw.execute(one)
    raw.close()


def test_it_says_how_much_it_checked_and_the_head_to_keep(cli: Cli, db: Path) -> None:
    said = cli.out("audit", "--quick", "--db", db)
    assert "transitions         17  digest, order, edge, state, attempt" in said
    assert "machines             3" in said
    assert "No head was kept outside" in said
    assert f"Head: 17 {last(db)}" in said
    assert said.splitlines()[-1].startswith("All holds (")


def test_the_first_violation_is_told_with_its_row_and_exit_code_1(cli: Cli, db: Path) -> None:
    drop_triggers(db, "UPDATE transitions SET evidence = '{}' WHERE id = 7")
    done = cli("audit", "--quick", "--db", db)
    assert done.exit_code == 1
    assert "VIOLATION in transitions 7: its content doesn't have the digest" in done.stdout
    assert "What comes after it was not checked." in done.stdout
    assert "All holds" not in done.stdout


def test_json_has_everything(cli: Cli, db: Path) -> None:
    append(heads.beside(db), Head(last(db).sha256, 17, "2026-03-01T12:00:00.000000Z"))
    told = json.loads(cli.out("audit", "--quick", "--json", "--db", db))
    assert (told["holds"], told["violation"], told["after"], told["run"]) == (True, None, 0, None)
    assert told["checked"]["transitions"] == 17
    assert told["head"]["id"] == 17
    assert (told["heads"][0]["count"], told["heads"][0]["behind"]) == (1, 0)
    drop_triggers(db, "UPDATE machines SET state = 'READ' WHERE id = 2")
    done = cli("audit", "--quick", "--json", "--db", db, "run-old")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["run"] == "run-old"
    assert told["violation"] == {
        "table": "machines", "row": 2,
        "problem": "it is in READ, but its transitions lead to FAILED",
    }  # fmt: skip


def test_the_head_it_printed_is_one_to_hold_it_to(cli: Cli, db: Path, tmp_path: Path) -> None:
    line = next(
        one for one in cli.out("audit", "--quick", "--db", db).splitlines() if "Head:" in one
    )
    kept = tmp_path / "kept"
    kept.write_text(line.removeprefix("Head: ") + "\n")
    cli.out("audit", "--quick", "--db", db, "--head", kept)
    drop_triggers(db, "DELETE FROM transitions WHERE id = 17")
    done = cli("audit", "--quick", "--db", db, "--head", kept)
    assert done.exit_code == 1
    assert f"VIOLATION in {kept} 1: the chain ends at transition 16" in done.stdout


def test_what_was_not_kept_yet_is_said_and_no_violation(cli: Cli, db: Path) -> None:
    raw = sqlite.connect(db)
    ((sha256,),) = raw.execute("SELECT sha256 FROM transitions WHERE id = 15").fetchall()
    raw.close()
    append(heads.beside(db), Head(sha256, 15, None))
    said = cli.out("audit", "--quick", "--db", db)
    assert "up to transition 15; the 2 after it, of 20 s, were in no head yet" in said


def test_only_after(cli: Cli, db: Path) -> None:
    said = cli.out("audit", "--quick", "--db", db, "--since", "10")
    assert "after transition 10" in said
    assert "transitions          7" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "99"), "the last is 17"),
        (("--since", "soon"), "--since soon: give a transition's id, or a time"),
        (("nonesuch",), "there is no run nonesuch"),
        (("--head", "nonesuch"), "nonesuch can't be read"),
    ],
)
def test_bad_input_is_a_sentence(cli: Cli, db: Path, words: tuple[str, ...], said: str) -> None:
    assert said in cli.refuses("audit", "--db", db, *words)


def test_without_a_database_it_says_so(cli: Cli, tmp_path: Path) -> None:
    assert "no database at" in cli.refuses("audit", "--db", tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_evidence_that_was_made_up_does_not_pass_when_it_is_derived(cli: Cli, db: Path) -> None:
    done = cli("audit", "--db", db)
    assert done.exit_code == 1
    assert "VIOLATION in machines 1: its instance can't be read" in done.stdout


def test_the_chain_alone_needs_no_store(db: Path) -> None:
    script = """
import sys
from pathlib import Path
from stillwater.audit.whole import audit
assert audit(Path(sys.argv[1])).holds
from stillwater.audit import derive
sys.exit(" ".join(name for name in sys.modules if name.startswith("stillwater.store")) or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(db)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
