"""`stillwater fix` on one's own repository, as an engineer with a failing test uses it."""

import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.e2e.command import stillwater
from tests.models.server import Script, openai_server

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


@pytest.mark.parametrize("how", ["pth", "finder"])
def test_an_editable_install_is_the_copy_that_is_tested(
    repo: Path, tmp_path: Path, how: str
) -> None:
    (repo / "src").mkdir()
    (repo / "prices.py").rename(repo / "src" / "prices.py")
    (repo / "test_prices.py").write_text(TEST)
    venv.create(tmp_path / "venv", symlinks=True)
    (site,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    (site / "pytest.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    if how == "pth":
        (site / "prices.pth").write_text(f"{repo / 'src'}\n")
    else:
        mapping = f"MAPPING: dict[str, str] = {{'prices': '{repo / 'src' / 'prices'}'}}\n"
        (site / "__editable___prices_0_0_finder.py").write_text(mapping)
    path = f"{tmp_path / 'venv' / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--apply", PATH=path)
    assert done.returncode == 0, done.stderr
    assert "whole - whole * discount" in (repo / "src" / "prices.py").read_text()


def test_a_run_that_was_stopped_goes_on_with_the_persons_own_programs(
    repo: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "run-tests").write_text('#!/bin/sh\nexec python -m pytest -q "$@"\n')
    (own / "run-tests").chmod(0o755)
    path = f"{own}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    refusing = Script(status=401, error="invalid key", context=16384, prompt_tokens=9000)
    with openai_server(refusing) as base:
        words = ("--model", "openai/local", "--set", f"api_base={base}", "--test", "run-tests")
        stopped = stillwater(tmp_path, "fix", "--repo", str(repo), *words, PATH=path)
        assert stopped.returncode == 1, stopped.stderr
        assert "stillwater resume" in stopped.stderr
        told = next(line for line in stopped.stderr.splitlines() if "stillwater resume" in line)
        refusing.status, refusing.text = (
            200,
            "FILE: prices.py\n```python\n"
            + CODE.replace("whole + whole", "whole - whole")
            + "```\n",
        )
        gone_on = stillwater(tmp_path, *shlex.split(told.partition("stillwater ")[2]), PATH=path)
    assert gone_on.returncode == 0, gone_on.stderr
    assert "Final: 1/1 verified" in gone_on.stdout


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
