"""Hostile repositories: what is fetched, listed and laid out runs nothing and stays in bounds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillwater import git
from stillwater.edits import diff
from stillwater.git import FetchError, RepositoryError
from stillwater.repository import LARGEST_FILE
from stillwater.sandbox import scratch
from tests.security.conftest import FILE, FOLDER, SUBMODULE, SYMLINK, Hostile

CLEANING = """
import sys
from pathlib import Path
from stillwater.repository import Repositories
from stillwater.sandbox.launcher import drop_capabilities

home, store, commit, secret = sys.argv[1:]
drop_capabilities()  # so that modes bind root, too
with Repositories(Path(home), "").tree(Path(store), commit, "x") as tree:
    (tree / "link").symlink_to(secret)
    tree.chmod(0o500)
"""


@pytest.mark.parametrize(
    "url", ["--upload-pack=touch {marker};", "-u touch {marker};", "ext::sh -c touch% {marker}"]
)
def test_no_url_runs_a_program(hostile: Hostile, tmp_path: Path, url: str) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(FetchError):
        hostile.repositories.ensure(hostile.instance("1" * 40, url.format(marker=marker)))
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [b"a\nFILE: good.py", b"..\n", b"a\x1b]0;title\x07.py", b"caf\xe9.py", "a\u2028b.py".encode()],
)
def test_names_that_no_line_can_hold_are_neither_shown_nor_edited(
    hostile: Hostile, name: bytes
) -> None:
    commit = hostile.of({name: b"y = 2\n"})
    store = hostile.fetched(commit)
    assert list(hostile.repositories.paths(store, commit)) == ["good.py"]
    with hostile.repositories.tree(store, commit, "x") as tree:
        assert len(list(tree.iterdir())) == 2


def test_symlinks_are_neither_shown_nor_edited(hostile: Hostile) -> None:
    link, code = hostile.blob(b"/etc/passwd"), hostile.blob(b"x = 1\n")
    commit = hostile.commit(hostile.tree({b"a.py": (FILE, code), b"link.py": (SYMLINK, link)}))
    store = hostile.fetched(commit)
    assert list(hostile.repositories.paths(store, commit)) == ["a.py"]


@pytest.mark.parametrize("folder", [b".git", b"..", b".GIT", b"a" * 300])
def test_what_git_will_not_lay_out_is_the_instances_fault(hostile: Hostile, folder: bytes) -> None:
    hook = hostile.tree({b"post-checkout": ("100755 blob", hostile.blob(b"#!/bin/sh\n"))})
    commit = hostile.commit(hostile.tree({folder: (FOLDER, hook)}))
    store = hostile.fetched(commit)
    with (
        pytest.raises(RepositoryError, match="can't be laid out"),
        hostile.repositories.tree(store, commit, "x"),
    ):
        pass


@pytest.mark.parametrize("folder", [b"..", b".git"])
def test_no_file_outside_of_a_tree_is_listed_for_writing(hostile: Hostile, folder: bytes) -> None:
    named = hostile.tree({b"usercustomize.py": (FILE, hostile.blob(b"import evil\n"))})
    store = hostile.fetched(commit := hostile.commit(hostile.tree({folder: (FOLDER, named)})))
    with pytest.raises(RepositoryError, match="has the path"):
        hostile.repositories.paths(store, commit)


def test_a_tree_of_any_depth_is_cleared_away(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "kept").write_text("kept")
    (top / "link").symlink_to(tmp_path / "kept")
    at = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("folder", dir_fd=at)
        below = os.open("folder", os.O_RDONLY, dir_fd=at)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=at))
        os.fchmod(at, 0o500)
        os.close(at)
        at = below
    os.close(at)
    scratch.remove(top)
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]


def test_clearing_away_follows_no_link_that_takes_a_folders_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, kept = tmp_path / "top", tmp_path / "kept"
    (top / "folder").mkdir(parents=True)
    kept.mkdir()
    (kept / "mine").touch()
    rename = os.rename

    def swap(source: str, target: str, **at: int) -> None:
        (top / "folder").rmdir()
        (top / "folder").symlink_to(kept)
        rename(source, target, **at)

    monkeypatch.setattr(os, "rename", swap)
    scratch.remove(top)
    assert not top.exists()
    assert list(kept.iterdir()) == [kept / "mine"]


def test_submodules_are_never_fetched(hostile: Hostile, tmp_path: Path) -> None:
    told = f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% {tmp_path}/ran\n'
    modules = hostile.blob(told.encode())
    entries = {b".gitmodules": (FILE, modules), b"x": (SUBMODULE, "1" * 40)}
    commit = hostile.commit(hostile.tree(entries))
    store = hostile.fetched(commit)
    with hostile.repositories.tree(store, commit, "x") as tree:
        assert list((tree / "x").iterdir()) == []
    assert list(hostile.repositories.paths(store, commit)) == [".gitmodules"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "attributes", ["*.py text eol=crlf", "*.py working-tree-encoding=UTF-16", "*.py ident"]
)
def test_attributes_do_not_keep_a_patch_from_applying(hostile: Hostile, attributes: str) -> None:
    code = "# $Id$\nx = 1\n"
    commit = hostile.of({b"a.py": code.encode(), b".gitattributes": attributes.encode()})
    store = hostile.fetched(commit)
    blobs = hostile.repositories.paths(store, commit)
    assert hostile.repositories.texts(store, {"a.py": blobs["a.py"]}) == {"a.py": code}
    patch = diff({"a.py": code}, {"a.py": code.replace("1", "2")})
    with hostile.repositories.tree(store, commit, "x", {"it": patch}) as tree:
        content = (tree / "a.py").read_bytes().replace(b"\0", b"")
    assert b"x = 2" in content


def test_a_gigantic_file_is_neither_read_nor_edited(hostile: Hostile) -> None:
    commit = hostile.of({b"huge.py": b"#" * (LARGEST_FILE + 1)})
    store = hostile.fetched(commit)
    assert list(hostile.repositories.paths(store, commit)) == ["good.py"]


def test_a_commit_that_would_fill_the_disk_is_not_laid_out(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "LARGEST_TREE", 1000)
    commit = hostile.of({b"huge.bin": b"0" * 1001})
    store = hostile.fetched(commit)
    with (
        pytest.raises(RepositoryError, match="bytes of files"),
        hostile.repositories.tree(store, commit, "x"),
    ):
        pass


def test_a_bomb_of_trees_is_not_unfolded(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LARGEST_LISTING", 1 << 20)
    kind, name = FILE, hostile.blob(b"")
    for _ in range(10):  # ten thousand million files
        tree = hostile.tree({str(n).encode(): (kind, name) for n in range(10)})
        kind, name = FOLDER, tree
    commit = hostile.commit(name)
    store = hostile.fetched(commit)
    with pytest.raises(RepositoryError, match="more files than can be listed"):
        hostile.repositories.paths(store, commit)
    with pytest.raises(RepositoryError), hostile.repositories.tree(store, commit, "x"):
        pass


def test_clearing_a_tree_away_changes_nothing_that_its_symlinks_name(
    hostile: Hostile, tmp_path: Path
) -> None:
    commit = hostile.of({})
    secret = tmp_path / "secret"
    secret.write_text("hush")
    secret.chmod(0o600)
    home = hostile.repositories.home
    arguments = (str(home), str(hostile.fetched(commit)), commit, str(secret))
    subprocess.run([sys.executable, "-c", CLEANING, *arguments], check=True)
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("hush", 0o600)
    assert list((home / "work").iterdir()) == []


SHUT = """
import sys
from pathlib import Path
from stillwater.sandbox import scratch
from stillwater.sandbox.launcher import drop_capabilities

drop_capabilities()  # so that modes bind root, too
top = Path(sys.argv[1])
(top / "a" / "b").mkdir(parents=True)
(top / "a" / "b" / "file").touch()
for folder in (top / "a" / "b", top / "a", top):
    folder.chmod(0)
scratch.remove(top)
"""


def test_folders_that_nobody_may_read_are_cleared_away(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", SHUT, str(tmp_path / "top")], check=True)
    assert list(tmp_path.iterdir()) == []
