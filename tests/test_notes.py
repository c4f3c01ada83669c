"""Heads in git: a commit each, a file a database, readable by git alone."""

import subprocess
from pathlib import Path

import pytest

from stillwater.errors import InputError
from stillwater.heads import Head, parse
from stillwater.notes import REF, Notes

HEADS = [Head(f"{n:064x}", n, "2026-11-24T12:00:00.000000Z") for n in (1, 5, 9)]


def git(repo: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(repo), *words], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(params=["--bare", "--quiet"])
def repo(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    subprocess.run(["git", "init", "-q", request.param, str(tmp_path / "r")], check=True)
    return tmp_path / "r"


def test_git_log_gives_the_heads_of_a_database(repo: Path, tmp_path: Path) -> None:
    one, other = Notes.of(str(repo), tmp_path / "one.db"), Notes.of(str(repo), tmp_path / "two.db")
    for head in HEADS:
        one.add(head)
        other.add(HEADS[0])
    log = git(repo, "log", "--reverse", "--format=%s", REF, "--", one.file)
    assert parse(log.encode(), may_be_torn=False) == HEADS
    assert git(repo, "show", f"{REF}:{one.file}").strip() == str(HEADS[-1])
    assert git(repo, "show", f"{REF}:{other.file}").strip() == str(HEADS[0])
    git(repo, "fsck", "--strict")


def test_notes_that_were_there_stay(repo: Path, tmp_path: Path) -> None:
    tree = git(repo, "mktree", "--missing").strip()
    who = ("-c", "user.name=a", "-c", "user.email=a@a")
    commit = git(repo, *who, "commit-tree", tree, "-m", "mine").strip()
    git(repo, "update-ref", REF, commit)
    Notes.of(str(repo), tmp_path / "one.db").add(HEADS[0])
    assert "mine" in git(repo, "log", "--format=%s", REF)


def test_the_work_tree_and_its_index_are_left_alone(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    (tmp_path / "r" / "mine.txt").write_text("mine")
    git(tmp_path / "r", "add", "mine.txt")
    before = git(tmp_path / "r", "status", "--porcelain=v2")
    Notes.of(str(tmp_path / "r"), tmp_path / "one.db").add(HEADS[0])
    assert git(tmp_path / "r", "status", "--porcelain=v2") == before


def test_what_is_no_repository_is_bad_input(tmp_path: Path) -> None:
    for name in ("none", "."):
        with pytest.raises(InputError, match=r"heads_git: .* is not a git repository"):
            Notes.of(str(tmp_path / name), tmp_path / "one.db")
