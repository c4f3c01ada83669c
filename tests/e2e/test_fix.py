"""`stillwater fix` on one's own repository, as an engineer with a failing test uses it."""

import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from stillwater import worktree
from stillwater.own import reporting_all
from stillwater.store import Store
from tests.e2e.command import ROOT, environment, stillwater
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
PYTEST = "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python -m pytest"
FIX = ("fix", "--model", "builtin/mutate", "--test", f"{PYTEST} -q")


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
    (own / "run-tests").write_text(f'#!/bin/sh\n{PYTEST} -q "$@"\n')
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


def test_a_command_that_stops_at_the_first_failure_has_to_pass_as_a_whole(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "test_prices.py").write_text(TEST + "\n\ndef test_other():\n    assert False\n")
    words = ("--repo", str(repo), "--attempts", "2", "--test", f"{PYTEST} -q -x")
    done = stillwater(tmp_path, *FIX, *words)
    assert done.returncode == 1, done.stderr
    assert "Verified" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        f"{PYTEST} -q -ra",
        "export PYTEST_ADDOPTS=-q; python -m pytest",
        f"({PYTEST} -q)",
        f"rm -rf build && {PYTEST} -q test_prices.py",
    ],
)
def test_a_command_may_have_options_of_its_own(repo: Path, tmp_path: Path, command: str) -> None:
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--test", command)
    assert done.returncode == 0, done.stderr
    assert "Verified" in done.stderr


@pytest.mark.parametrize(
    ("command", "reporting"),
    [
        ("pytest -rf -rE t.py", "pytest -rfA -rEA t.py"),
        ("rm -rf build && pytest -q", "rm -rf build && pytest -q"),
        ("pytest -q; cp -rp a b", "pytest -q; cp -rp a b"),
        ("pytest 't.py::t[a|b]' -ra", "pytest 't.py::t[a|b]' -raA"),
        ("python -m pytest \\\n -rx", "python -m pytest \\\n -rxA"),
        ("(cd a; pytest -rs)", "(cd a; pytest -rsA)"),
        ("grep -rn 'it''s", "grep -rn 'it''s"),
    ],
)
def test_only_options_of_pytest_are_completed(command: str, reporting: str) -> None:
    assert reporting_all(command) == reporting


def test_what_kept_it_from_making_an_attempt_is_told(repo: Path, tmp_path: Path) -> None:
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--set", "num_ctx=4096")
    assert done.returncode == 2
    assert "No attempt was made: none of 1 files fits" in done.stderr
    assert "raise num_ctx" in done.stderr
    assert "Not repaired" not in done.stderr


def test_tests_that_log_an_error_are_judged_one_by_one(repo: Path, tmp_path: Path) -> None:
    logging = "\n\ndef test_logs():\n    import logging\n    logging.error('as expected')\n"
    (repo / "test_prices.py").write_text(TEST + logging)
    done = stillwater(tmp_path, *FIX, "--repo", str(repo))
    assert done.returncode == 0, done.stderr
    (db,) = tmp_path.rglob("stillwater.db")
    with Store.open(db, read_only=True) as store:
        (run,) = store.runs()
        (machine,) = store.machines(run.id)
        content = store.instance(run.dataset_sha256, machine.instance_id)
    assert content["FAIL_TO_PASS"] == ["test_prices.py::test_discount"]


def test_the_tests_run_in_the_folder_that_is_named(repo: Path, tmp_path: Path) -> None:
    (repo / "sub dir").mkdir()
    for name in ("prices.py", "test_prices.py"):
        (repo / name).rename(repo / "sub dir" / name)
    words = (
        "--repo",
        str(repo / "sub dir"),
        "--apply",
        "--test",
        f"{PYTEST} -q test_prices.py",
    )
    done = stillwater(tmp_path, *FIX, *words)
    assert done.returncode == 0, done.stderr
    assert "whole - whole * discount" in (repo / "sub dir" / "prices.py").read_text()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"{PYTEST} -q no_such_file.py", "runs no test"),
        (f"{PYTEST} --no-such-option", "runs no test"),
        (f"{PYTEST} -q -k nothing_like_that", "runs no test"),
        ("python -m no_such_module", "runs no test: "),
        ("./test_prices.py", "runs no test: "),
        ("echo 'error: Failed to fetch: dns error'; exit 2", "runs no test: "),
        ("printf 'all:\\n\\tno-such-program\\n' | make -f -", "runs no test: "),
        (f"{PYTEST} -q | tee out.txt", "passes: there is nothing to repair"),
        (f"{PYTEST} -q -x; true", "exits with 0 though tests fail"),
        (f"{PYTEST} # \udcff", "no UTF-8 text"),
    ],
)
def test_a_command_that_tells_of_no_failing_test_is_refused(
    repo: Path, tmp_path: Path, command: str, said: str
) -> None:
    if "tee" in command:
        (repo / "prices.py").write_text(CODE.replace("whole + whole", "whole - whole"))
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--test", command)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_stands_behind_the_tests_hides_no_failure(repo: Path, tmp_path: Path) -> None:
    command = f"{PYTEST} -q | tee out.txt"
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--apply", "--test", command)
    assert done.returncode == 0, done.stderr
    assert "whole - whole * discount" in (repo / "prices.py").read_text()


def test_a_model_that_must_not_see_the_tests_is_told_of_the_bug_by_the_person(
    repo: Path, tmp_path: Path
) -> None:
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--feedback", "visible")
    assert done.returncode == 2
    assert "describe the bug with --issue" in done.stderr


@pytest.mark.parametrize("feedback", ["visible", "tests"])
def test_an_empty_description_of_the_bug_is_none(repo: Path, tmp_path: Path, feedback: str) -> None:
    words = ("--feedback", feedback, "--issue", "-")
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), *words, stdin=" \n")
    assert done.returncode == 2
    assert "it is empty" in done.stderr


def test_what_is_tracked_is_copied_and_what_the_person_ignores_is_not(
    repo: Path, tmp_path: Path
) -> None:
    (repo / ".gitignore").write_text("*.log\n")
    (repo / "data.log").write_text("3")
    git(repo, "add", "-f", "data.log")
    (repo / "other.log").write_text("4")
    (repo / "mine.secret").write_text("5")
    (repo / "gone.py").write_text("")
    git(repo, "add", "gone.py")
    (repo / "gone.py").unlink()
    ignored = tmp_path / ".config" / "git"
    ignored.mkdir(parents=True)
    (ignored / "ignore").write_text("*.secret\n")
    (repo / "fix [1].patch").touch()
    (repo / "mine.secret").rename(repo / "mine.known")
    worktree.freeze(repo, tmp_path / "frozen")  # with all of these, which are ignored from now on
    (repo / "mine.known").rename(repo / "mine.secret")
    listing = (
        "from pathlib import Path; from stillwater import worktree, git; "
        f"made = worktree.freeze(Path({str(repo)!r}), Path({str(tmp_path / 'frozen')!r})); "
        f"Path({str(tmp_path / 'listed')!r}).write_text("
        "'|'.join(one.path for one in git.entries(made.store, made.commit)))"
    )
    with (repo / "fix [1].patch").open("w") as printed:
        subprocess.run(
            [sys.executable, "-c", listing], check=True, stdout=printed,
            env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": ""},
        )  # fmt: skip
    listed = (tmp_path / "listed").read_text().split("|")
    assert listed == [".gitignore", "data.log", "prices.py", "test_prices.py"]


def test_a_submodule_is_named_that_the_tests_will_not_have(repo: Path, tmp_path: Path) -> None:
    (repo / "vendor").mkdir()
    git(repo / "vendor", "init", "-q")
    git(repo / "vendor", "commit", "-q", "--allow-empty", "-m", "one")
    done = stillwater(tmp_path, *FIX, "--repo", str(repo))
    assert done.returncode == 0, done.stderr
    assert "submodule vendor is not in the copy" in done.stderr


def test_line_ends_stay_as_the_work_tree_has_them(repo: Path, tmp_path: Path) -> None:
    (repo / ".gitattributes").write_text("* text=auto\n")
    git(repo, "config", "core.autocrlf", "true")
    git(repo, "add", "-A")
    (repo / "prices.py").write_bytes(CODE.replace("\n", "\r\n").encode())
    done = stillwater(tmp_path, *FIX, "--repo", str(repo), "--apply")
    assert done.returncode == 0, done.stderr
    content = (repo / "prices.py").read_bytes()
    assert b"whole - whole * discount" in content
    assert content.count(b"\r\n") == content.count(b"\n")


def test_a_lock_that_a_killed_git_left_is_no_obstacle(repo: Path, tmp_path: Path) -> None:
    words = ("--repo", str(repo), "--test", "no-such-program")
    assert stillwater(tmp_path, *FIX, *words).returncode == 2
    (index,) = (tmp_path / "state").rglob("own.index")
    index.with_name("own.index.lock").touch()
    assert "can't run" in stillwater(tmp_path, *FIX, *words).stderr


@pytest.mark.parametrize("where", ["issue", "stdin", "repository"])
def test_what_is_no_text_is_one_sentence(repo: Path, tmp_path: Path, where: str) -> None:
    (tmp_path / "latin.md").write_bytes(b"caf\xe9 bug")
    strange = repo.rename(tmp_path / "caf\udce9") if where == "repository" else repo
    issue = {"issue": ("--issue", "latin.md"), "stdin": ("--issue", "-")}.get(where, ())
    done = subprocess.run(
        [sys.executable, "-m", "stillwater", *FIX, "--repo", os.fsencode(strange), *issue],
        cwd=tmp_path, env=environment(tmp_path) | {"PYTHONPATH": str(ROOT)},
        input=b"caf\xe9 bug", capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert b"UTF-8 text" in done.stderr
    assert b"Traceback" not in done.stderr


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
