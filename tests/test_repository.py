"""Repositories: fetched once, read by commit, laid out fresh; hostile ones stay outside."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stillwater.datasets import Instance
from stillwater.git import FetchError, RepositoryError
from stillwater.repository import Repositories, apply_patch, touched


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("x = 1\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "b ü.py").write_text("y = 'ü'\n")
    (folder / "latin.py").write_bytes(b"z = '\xff'\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "out").symlink_to("/etc")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def instance(source: Path, commit: str) -> Instance:
    return Instance(
        instance_id="s__s-1", repo="s/s", base_commit=commit, problem_statement="p",
        FAIL_TO_PASS=("t",), repo_url=str(source),
    )  # fmt: skip


def test_a_commit_is_fetched_once_and_read_without_a_work_tree(
    source: Path, tmp_path: Path
) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    store = repositories.ensure(instance(source, commit))
    (source / ".git").rename(source / ".gone")
    assert repositories.ensure(instance(source, commit)) == store
    paths = repositories.paths(store, commit)
    assert sorted(paths) == ["a.py", "latin.py", "run.sh", "sub/b ü.py"]
    texts = repositories.texts(store, paths)
    assert texts["sub/b ü.py"] == "y = 'ü'\n"
    assert "latin.py" not in texts


def test_the_few_files_of_each_step_are_read_of_git_once(source: Path, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    store = repositories.ensure(instance(source, commit))
    assert repositories.ensure(instance(source, commit)) == store
    paths = repositories.paths(store, commit)
    first = repositories.texts(store, {"a.py": paths["a.py"]})
    (store / "objects").rename(store / "gone")
    assert repositories.held(instance(source, commit)) == store
    assert repositories.paths(store, commit) == paths
    assert repositories.texts(store, {"a.py": paths["a.py"]}) == first == {"a.py": "x = 1\n"}


def test_a_store_that_was_removed_is_fetched_again(source: Path, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    one = instance(source, git(source, "rev-parse", "HEAD"))
    store = repositories.ensure(one)
    shutil.rmtree(store)
    assert repositories.held(one) is None
    assert repositories.ensure(one) == store
    with repositories.tree(store, one.base_commit, "t") as tree:
        assert (tree / "a.py").read_text() == "x = 1\n"


def test_what_a_lender_holds_is_read_there_and_nothing_is_written_to_it(
    source: Path, tmp_path: Path
) -> None:
    commit = git(source, "rev-parse", "HEAD")
    held = Repositories(tmp_path / "home", "unused").ensure(instance(source, commit))
    before = {path: path.stat().st_mtime_ns for path in sorted((tmp_path / "home").rglob("*"))}
    (source / ".git").rename(source / ".gone")

    repositories = Repositories(tmp_path / "other", "unused", tmp_path / "home")
    assert repositories.ensure(instance(source, commit)) == held
    with repositories.tree(held, commit, "one") as tree:
        assert (tree / "a.py").read_text() == "x = 1\n"
        assert tree.is_relative_to(tmp_path / "other")

    after = {path: path.stat().st_mtime_ns for path in sorted((tmp_path / "home").rglob("*"))}
    assert after == before


def test_each_tree_is_fresh_and_goes_away(source: Path, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    store = repositories.ensure(instance(source, commit))
    with repositories.tree(store, commit, "one") as first:
        (first / "a.py").write_text("changed")
        (first / "sub").chmod(0o500)
        assert (first / "run.sh").stat().st_mode & 0o111
        with repositories.tree(store, commit, "one") as second:
            assert (second / "a.py").read_text() == "x = 1\n"
    assert list((tmp_path / "home" / "work").iterdir()) == []


def test_an_old_commit_that_no_branch_names_is_still_found(source: Path, tmp_path: Path) -> None:
    old = git(source, "rev-parse", "HEAD")
    (source / "a.py").write_text("x = 2\n")
    git(source, "commit", "-q", "-a", "--amend", "-m", "two")
    repositories = Repositories(tmp_path / "home", "unused")
    store = repositories.ensure(instance(source, old))
    assert repositories.texts(store, repositories.paths(store, old))["a.py"] == "x = 1\n"


def test_hooks_and_filters_of_a_repository_never_run(source: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (source / ".gitattributes").write_text("*.py filter=evil\n")
    hook = source / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    hook.chmod(0o755)
    git(source, "config", "filter.evil.smudge", f"touch {marker}; cat")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "evil")
    marker.unlink(missing_ok=True)
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    with repositories.tree(repositories.ensure(instance(source, commit)), commit, "x"):
        assert not marker.exists()


def test_a_missing_commit_or_repository_is_one_sentence(source: Path, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    with pytest.raises(RepositoryError, match=r"s__s-1: the repository .* has no commit 1{40}"):
        repositories.ensure(instance(source, "1" * 40))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RepositoryError, match="can't be read"):
        repositories.ensure(instance(tmp_path / "empty", "1" * 40))


def test_a_patch_applies_or_says_that_it_does_not(source: Path, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    patch = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2"
    with repositories.tree(repositories.ensure(instance(source, commit)), commit, "x") as tree:
        apply_patch(tree, patch, "it")
        assert (tree / "a.py").read_text() == "x = 2\n"
        with pytest.raises(RepositoryError, match="it doesn't apply"):
            apply_patch(tree, patch, "it")
    assert touched(patch) == ("a.py",)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk_is_not_a_patch_that_does_not_apply(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "none", str(disk)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting isn't allowed here")
    try:
        (disk / "a.py").write_text("x = 1\n")
        patch = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,9000 @@\n-x = 1\n" + "+x = 2\n" * 9000
        with pytest.raises(FetchError, match="No space left"):
            apply_patch(disk, patch, "the patch")
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("path", ["../evil.py", "out/evil.py", ".git/hooks/x"])
def test_no_patch_leaves_the_tree(source: Path, tmp_path: Path, path: str) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    patch = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    patch += "@@ -0,0 +1 @@\n+x\n"
    with (
        repositories.tree(repositories.ensure(instance(source, commit)), commit, "x") as tree,
        pytest.raises(RepositoryError),
    ):
        apply_patch(tree, patch, "it")


def test_a_file_that_a_patch_makes_is_read_back_and_no_other(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    patch = (
        "diff --git a/t.py b/t.py\nnew file mode 100644\n--- /dev/null\n+++ b/t.py\n"
        "@@ -0,0 +1 @@\n+x = 1\n"
        "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n"
        f"@@ -0,0 +1 @@\n+{tmp_path}\n\\ No newline at end of file\n"
    )
    (tmp_path / "secret.py").write_text("secret")
    made = ("t.py", "link/secret.py", "../../../secret.py", str(tmp_path / "secret.py"))
    assert repositories.patched({}, patch, made) == {"t.py": "x = 1\n"}


def test_what_a_dead_scheduler_left_is_reaped(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    left = tmp_path / "home" / "work" / "x-1" / "tree"
    left.mkdir(parents=True)
    assert repositories.reap() == 1
    assert list((tmp_path / "home" / "work").iterdir()) == []


def test_what_a_living_process_works_on_stays(source: Path, tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    commit = git(source, "rev-parse", "HEAD")
    store = repositories.ensure(instance(source, commit))
    with repositories.tree(store, commit, "x-1") as tree:
        assert repositories.reap() == 0
        assert any(tree.iterdir())


def test_the_locks_and_halves_of_a_killed_git_hold_up_no_later_fetch(
    source: Path, tmp_path: Path
) -> None:
    repositories = Repositories(tmp_path / "home", "unused")
    store = repositories.ensure(instance(source, git(source, "rev-parse", "HEAD")))
    (source / "a.py").write_text("x = 2\n")
    git(source, "commit", "-q", "-am", "two")
    commit = git(source, "rev-parse", "HEAD")
    left = [store / "shallow.lock", store / "refs" / "bases" / f"{commit}.lock"]
    left.append(store / "objects" / "pack" / "tmp_pack_1")
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert repositories.ensure(instance(source, commit)) == store

    assert [path for path in left if path.exists()] == []
