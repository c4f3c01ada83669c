"""The audit as a stranger does it: of a finished run, with heads from git, and after tampering."""

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3

from tests.e2e.audit import audited
from tests.e2e.command import stillwater

RUN = ("run", "samples", "--limit", "1", "--attempts", "1", "--model", "builtin/mutate")
LOCAL = ("--sandbox", "local", "--set", "heads_git=notes")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def test_a_run_is_audited_with_heads_from_git_and_tampering_is_found(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "notes")
    done = stillwater(tmp_path, *RUN, *LOCAL)
    assert done.returncode == 0, done.stderr
    log = git(tmp_path / "notes", "log", "--format=%s", "refs/notes/stillwater")
    (tmp_path / "kept").write_text(log)
    told = audited(tmp_path, "--head", "kept")
    assert [one["behind"] for one in told["heads"]] == [0, 0]
    assert all(told["checked"][kind] for kind in ("completions", "patches", "verdicts"))

    (tmp_path / "stillwater.db.heads").unlink()
    with closing(sqlite3.connect(tmp_path / "stillwater.db", isolation_level=None)) as raw:
        config = json.loads(raw.execute("SELECT config FROM runs").fetchone()[0])
        assert config["heads_git"] == str(tmp_path / "notes")  # from wherever it is resumed
        raw.execute("DROP TRIGGER transitions_no_delete")
        raw.execute("DELETE FROM transitions WHERE id = (SELECT max(id) FROM transitions)")
    done = stillwater(tmp_path, "audit", "--head", "kept")
    assert done.returncode == 1
    assert "VIOLATION in kept 1: the chain ends at transition" in done.stdout
    assert "Traceback" not in done.stderr
    done = stillwater(tmp_path, "db", "check")
    assert done.returncode == 1
    assert "the trigger transitions_no_delete is missing" in done.stdout


def test_heads_that_could_not_be_committed_stop_a_run_before_it_starts(tmp_path: Path) -> None:
    done = stillwater(tmp_path, *RUN, *LOCAL)
    assert done.returncode == 2
    assert "heads_git: notes is not a git repository" in done.stderr
    done = stillwater(tmp_path, "status")
    assert "holds no run yet" in done.stderr
