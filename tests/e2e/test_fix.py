"""`stillwater fix` on one's own repository, as an engineer with a failing test uses it."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import stillwater

CODE = '''"""Prices."""


def total(prices, discount=0):
    """The sum of prices, less a discount in percent."""
    whole = sum(prices)
    return whole + whole * discount / 100
'''
TEST = """from prices import total


def test_plain():
    assert total([1, 2]) == 3


def test_discount():
    assert total([100, 100], discount=10) == 180
"""
FIX = ("fix", "--model", "builtin/mutate", "--test", "python -m pytest -q")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "prices.py").write_text(CODE)
    (folder / "test_prices.py").write_text(TEST.partition("def test_discount")[0])
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    # The failing test is new and not committed: that is how an engineer has it.
    (folder / "test_prices.py").write_text(TEST)
    return folder


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_prints_a_patch_and_touches_nothing(repo: Path, tmp_path: Path) -> None:
    before = everything(repo)
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--issue", "-", stdin="discounts add")
    assert done.returncode == 0, done.stderr
    assert everything(repo) == before
    assert done.stdout.startswith("diff --git a/prices.py")
    assert "Verified" in done.stderr
    subprocess.run(
        ["git", "apply", "--check", "-"], cwd=repo, input=done.stdout, text=True, check=True
    )


def test_apply_changes_the_work_tree_and_the_tests_pass(repo: Path, tmp_path: Path) -> None:
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--apply")
    assert done.returncode == 0, done.stderr
    assert "whole - whole * discount" in (repo / "prices.py").read_text()
    assert (repo / "test_prices.py").read_text() == TEST


def test_a_repository_whose_tests_pass_is_refused(repo: Path, tmp_path: Path) -> None:
    (repo / "prices.py").write_text(CODE.replace("whole + whole", "whole - whole"))
    done = stillwater(tmp_path, *FIX, "--repo", str(repo))
    assert done.returncode == 2
    assert "nothing to repair" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--test", "no-such-program"), "no-such-program"),
        (("--issue", "no-such-file"), "no-such-file"),
        (("--repo", "/nowhere"), "/nowhere: not a git repository"),
    ],
)
def test_wrong_input_is_one_sentence(
    repo: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_not_repaired_says_so_and_where_to_look(repo: Path, tmp_path: Path) -> None:
    (repo / "test_prices.py").write_text(TEST + "\n\ndef test_impossible():\n    assert False\n")
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--attempts", "1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "stillwater show" in done.stderr
