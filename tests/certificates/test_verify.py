"""`stillwater verify` on another machine: the file, the repository, and no database."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from stillwater.edits import diff
from stillwater.errors import InputError
from stillwater.sandbox import engine_answers
from stillwater.sandbox.engine import connect
from tests.certificates.world import (
    CODE,
    NAME,
    TRIPLE,
    World,
    call,
    committed,
    forged,
    git,
    out,
)
from tests.patience import DEADLINE

LOCAL = ("--sandbox", "local")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def forge(statement: dict[str, Any], tmp_path: Path) -> Any:
    """Writes a certificate that fits itself, and says what it is told to."""

    def forge(patch: str | None = None, **facts: Any) -> Path:
        (tmp_path / "forged.json").write_bytes(forged(statement, patch, **facts))
        return tmp_path / "forged.json"

    return forge


def repaired(body: str) -> str:
    """The patch that makes double's body this."""
    return diff({"code_.py": CODE}, {"code_.py": CODE.replace("return x + 1", body)})


def no(*words: str | Path) -> str:
    """The last line of a verification that must not hold."""
    done = call("verify", *words, *LOCAL)
    assert done.exit_code == 1, done.output
    return str(done.stdout.splitlines()[-1])


def test_a_certificate_holds_where_only_the_repository_is(
    world: World, unsigned: Path, temporary: Path
) -> None:
    told = out("verify", unsigned, "--repo", world.repo, *LOCAL).splitlines()
    assert f"{NAME}: repaired by m at attempt 2 of 3" in told[0]
    assert "not a SWE-bench score" in told[1]
    assert told[2].startswith("Signed by nobody")
    assert told[-1] == (
        "Yes: without the patch 1 of 1 FAIL_TO_PASS failed; with it all 1 pass, and of 1 "
        "PASS_TO_PASS none broke."
    )
    assert list(temporary.iterdir()) == []
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.docker
def test_a_certificate_holds_in_an_empty_container(
    world: World, unsigned: Path, docker_engine: None
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stillwater", "verify", unsigned, "--repo", world.repo,
         "--sandbox", "docker"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("Yes: ")
    with connect() as client:
        # Those of tests that run beside this one may go while they are listed.
        left = client.containers.list(
            all=True, ignore_removed=True, filters={"label": "stillwater"}
        )
        assert [one.labels for one in left if "verify-" in str(one.labels)] == []


def test_it_says_who_signed(world: World, signed: Path, key: Path, tmp_path: Path) -> None:
    words = (signed, "--repo", world.repo)
    assert "which came with it" in out("verify", *words, *LOCAL)
    assert "Signed by the given key" in out("verify", *words, "--public-key", f"{key}.pub", *LOCAL)
    out("key", "new", tmp_path / "other")
    assert "not by the given one" in no(*words, "--public-key", tmp_path / "other.pub")


def test_nobody_signed_what_a_key_was_asked_for(world: World, unsigned: Path, key: Path) -> None:
    told = no(unsigned, "--repo", world.repo, "--public-key", f"{key}.pub")
    assert told == "No: it is signed by nobody."


def test_a_changed_byte_is_refused_before_anything_runs(unsigned: Path) -> None:
    content = unsigned.read_bytes()
    unsigned.write_bytes(content.replace(b"return 2 * x", b"return 3 * x"))
    assert no(unsigned) == "No: it was changed: it has not the digest that it states of itself."


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (repaired("return x + 9"), "tests/test_hidden.py::test_double should pass, and doesn't"),
        (repaired("return 2 * x").replace("def triple", "def thrice"), "doesn't apply"),
        (repaired("return 2 * x\n\n\ndel triple"), "should pass, and doesn't"),
        (diff({}, {"conftest.py": "x = 1\n"}), "changes conftest.py"),
        (diff({}, {"tests/test_hidden.py": "x = 1\n"}), "changes tests/test_hidden.py"),
    ],
)
def test_a_patch_that_does_not_repair_is_refused(
    world: World, forge: Any, patch: str, said: str
) -> None:
    told = no(forge(patch), "--repo", world.repo)
    assert told.startswith("No: ")
    assert said in told


def test_a_patch_that_breaks_what_passed_is_refused(world: World, forge: Any) -> None:
    both = CODE.replace("return x + 1", "return 2 * x").replace("return 3 * x", "return 4 * x")
    told = no(forge(diff({"code_.py": CODE}, {"code_.py": both})), "--repo", world.repo)
    assert told == f"No: with the patch {TRIPLE} should pass, and doesn't here."


def test_a_bug_that_is_none_is_refused(
    world: World, forge: Any, statement: dict[str, Any], tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(world.repo), str(clone))
    (clone / "code_.py").write_text(CODE.replace("return x + 1", "return x * 2"))
    instance = statement["predicate"]["stillwater"]["instance"]
    instance = {**instance, "base_commit": committed(clone)}
    told = no(forge(instance=instance), "--repo", clone)
    assert told == "No: every test of FAIL_TO_PASS already passes on the base commit."


def test_tests_that_can_not_run_are_no_proof(
    world: World, forge: Any, statement: dict[str, Any]
) -> None:
    instance = statement["predicate"]["stillwater"]["instance"]
    told = no(forge(instance={**instance, "test_command": "no-such-program"}), "--repo", world.repo)
    assert "the tests can't run (exit code 127)" in told


@pytest.mark.parametrize(
    "repository",
    [None, "/home/someone/source", "file:///srv/x", "ssh://git@host/x", "git@host:x", "../x"],
)
def test_a_strangers_file_names_no_repository_of_this_machine(
    forge: Any, repository: str | None, world: World
) -> None:
    done = call("verify", forge(repository=repository), *LOCAL)
    assert isinstance(done.exception, InputError)
    assert "give --repo" in str(done.exception)


def test_another_repository_is_bad_input(forge: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "a").write_text("a")
    committed(other)
    done = call("verify", forge(), "--repo", other, *LOCAL)
    assert isinstance(done.exception, InputError)
    assert "has no commit" in str(done.exception)


@pytest.mark.parametrize("words", [("no-such-file.json",), (".",)])
def test_no_file_is_bad_input(words: tuple[str, ...]) -> None:
    assert isinstance(call("verify", *words).exception, InputError)


def test_a_work_tree_that_fix_repaired_is_verified_by_its_state(
    world: World, forge: Any, statement: dict[str, Any], tmp_path: Path
) -> None:
    from stillwater import worktree

    mine = tmp_path / "mine"
    shutil.copytree(world.repo, mine, ignore=shutil.ignore_patterns(".git"))
    git(mine, "init", "-q")
    frozen = worktree.freeze(mine, tmp_path / "state")
    instance = {
        **statement["predicate"]["stillwater"]["instance"],
        "repo": "own/mine", "repo_url": str(frozen.store), "base_commit": frozen.commit,
        "test_patch": "",
    }  # fmt: skip
    file = forge(instance=instance, repository=str(frozen.store))
    assert "Yes: " in out("verify", file, "--repo", mine, *LOCAL)
    (mine / "code_.py").write_text("changed\n")
    done = call("verify", file, "--repo", mine, *LOCAL)
    assert "is not the one that was repaired" in str(done.exception)
    git(mine, "add", "-A")
    (mine / "fix.patch").touch()
    done = call("verify", file, "--repo", mine, *LOCAL)
    assert str(done.exception).endswith("came later (untracked in it: fix.patch)")


def test_a_verification_that_is_ended_leaves_nothing(
    world: World, forge: Any, statement: dict[str, Any], temporary: Path
) -> None:
    instance = statement["predicate"]["stillwater"]["instance"] | {"test_command": "sleep 600"}
    words = ("verify", forge(instance=instance), "--repo", world.repo, *LOCAL)
    with subprocess.Popen(
        [sys.executable, "-m", "stillwater", *words], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert "Running the tests" in process.stderr.readline()
        process.terminate()
        assert process.wait(DEADLINE) == 143
    assert list(temporary.iterdir()) == []


def test_the_sandbox_can_be_named_and_nothing_else(unsigned: Path) -> None:
    done = call("verify", unsigned, "--sandbox", "cloud")
    assert isinstance(done.exception, InputError)
    assert json.loads(unsigned.read_bytes())


@pytest.mark.docker
@pytest.mark.parametrize("setup", [None, "true"])
def test_a_stranger_does_not_choose_the_sandbox_of_the_person(
    world: World, forge: Any, statement: dict[str, Any], setup: str | None
) -> None:
    if silence := engine_answers():
        pytest.skip(silence)
    instance = {
        **statement["predicate"]["stillwater"]["instance"], "repo": "own/x", "setup_command": setup
    }  # fmt: skip
    done = call("verify", forge(instance=instance), "--repo", f"file://{world.repo}")
    assert "in the docker sandbox" in done.stderr
