"""The bundled samples: what they promise, checked by running them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from stillwater import samples
from stillwater.samples import INSTANCES, SampleError, materialise
from stillwater.samples.build import before_and_after, classify

Row = dict[str, str]

ROWS: list[Row] = [json.loads(line) for line in INSTANCES.read_text(encoding="utf-8").splitlines()]


def files_of(patch: str) -> list[str]:
    return re.findall(r"^diff --git a/\S+ b/(\S+)$", patch, re.MULTILINE)


def branches(repository: Path) -> dict[str, str]:
    listed = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(line.split(" ", 1) for line in listed.stdout.splitlines())


def published(package: str) -> dict[str, str]:
    return {
        row["instance_id"]: row["base_commit"]
        for row in ROWS
        if row["repo"] == f"samples/{package}"
    }


def test_there_are_enough_of_them() -> None:
    assert len(ROWS) >= 16
    assert len({row["repo"] for row in ROWS}) >= 6


def test_ids_are_unique_and_every_bug_is_listed() -> None:
    ids = [row["instance_id"] for row in ROWS]
    assert len(set(ids)) == len(ids)
    bundled = {iid for package in samples.packages() for iid in samples.bug_ids(package)}
    assert set(ids) == bundled == {path.name for path in samples.BUGS.iterdir()}


def test_some_fixes_span_two_files() -> None:
    assert sum(len(files_of(row["patch"])) == 2 for row in ROWS) >= 2


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["instance_id"])
def test_patches_keep_to_their_side(row: Row) -> None:
    package = row["repo"].removeprefix("samples/")
    assert all(name.startswith(f"{package}/") for name in files_of(row["patch"]))
    assert all(name.startswith("tests/") for name in files_of(row["test_patch"]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["instance_id"])
def test_row_is_what_the_bug_folder_says(row: Row) -> None:
    bug = samples.BUGS / row["instance_id"]
    assert row["problem_statement"] == (bug / "issue.md").read_text(encoding="utf-8")
    assert row["patch"] == (bug / "fix.patch").read_text(encoding="utf-8")
    assert row["test_patch"] == (bug / "test.patch").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", samples.packages())
def test_materialise_makes_the_published_commits(package: str, tmp_path: Path) -> None:
    materialise(package, tmp_path / "some" / "where")
    assert branches(tmp_path / "some" / "where") == published(package)
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["where"]


def test_a_clone_holds_the_project_at_the_base_commit(tmp_path: Path) -> None:
    materialise("ledger", tmp_path / "ledger.git")
    iid, commit = next(iter(published("ledger").items()))
    command = ["git", "clone", "-q", "-b", iid, str(tmp_path / "ledger.git"), str(tmp_path / "w")]
    subprocess.run(command, check=True)
    head = ["git", "log", "--format=%H %s"]
    log = subprocess.run(head, cwd=tmp_path / "w", check=True, capture_output=True, text=True)
    assert log.stdout.splitlines() == [f"{commit} {iid}"]
    assert (tmp_path / "w" / "ledger" / "money.py").is_file()
    assert (tmp_path / "w" / "tests" / "test_money.py").is_file()


def test_a_complete_target_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "waypost"
    materialise("waypost", target)
    (target / "marker").touch()
    materialise("waypost", target)
    assert (target / "marker").exists()


def test_a_target_of_an_earlier_release_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "waypost"
    materialise("waypost", target)
    iid = next(iter(published("waypost")))
    subprocess.run(["git", "branch", "waypost__waypost-1", iid], cwd=target, check=True)
    materialise("waypost", target)
    assert branches(target) == published("waypost")
    assert [path.name for path in tmp_path.iterdir()] == ["waypost"]


def test_a_target_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(SampleError, match="holds something other"):
        materialise("waypost", tmp_path)
    assert (tmp_path / "precious").read_text() == "mine"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    old, new = tmp_path / ".waypost.making-old", tmp_path / ".waypost.making-new"
    for left in (old, new):
        (left / "repository").mkdir(parents=True)
    os.utime(old, (0, 0))
    materialise("waypost", tmp_path / "waypost")
    assert sorted(path.name for path in tmp_path.iterdir()) == [new.name, "waypost"]


def test_many_at_once_agree(tmp_path: Path) -> None:
    target = tmp_path / "memocache"
    errors: list[BaseException] = []

    def work() -> None:
        try:
            materialise("memocache", target)
        except SampleError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert branches(target) == published("memocache")
    assert [path.name for path in tmp_path.iterdir()] == ["memocache"]


def test_what_another_process_makes_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, create = tmp_path / "memocache", samples.create
    others: list[int] = []

    def create_after_another(package: str, repository: Path) -> None:
        create(package, target)
        others.append(target.stat().st_ino)
        create(package, repository)

    monkeypatch.setattr(samples, "create", create_after_another)
    materialise("memocache", target)
    assert [target.stat().st_ino] == others


def test_surroundings_do_not_change_the_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "gitconfig").write_text("[core]\n\tautocrlf = true\n[apply]\n\twhitespace = fix\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    target = tmp_path / "inside" / "depgraph"
    materialise("depgraph", target)
    monkeypatch.undo()
    assert branches(target) == published("depgraph")


def test_an_unknown_package_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="no bundled package 'nope'; there are confine, cronwhen"):
        materialise("nope", tmp_path / "nope")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["instance_id"])
def test_the_gold_patch_repairs_what_is_listed(row: Row) -> None:
    before, after = before_and_after(row, {"PYTHONHASHSEED": "7"})
    failing, kept = classify(before, after)
    assert failing == json.loads(row["FAIL_TO_PASS"])
    assert kept == json.loads(row["PASS_TO_PASS"])
    assert failing
    assert set(after.values()) == {"PASSED"}
