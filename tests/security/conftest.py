"""The sandboxes that this machine has, and hostile repositories made of git's own objects."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from stillwater.datasets import Instance
from stillwater.repository import Repositories
from tests.sandbox.conftest import (
    docker_sandbox,
    engine,
    home,
    looking_often,
    marker,
    run,
    sandbox,
    tree,
    walled,
)

__all__ = [
    "docker_sandbox",
    "engine",
    "home",
    "looking_often",
    "marker",
    "run",
    "sandbox",
    "tree",
    "walled",
]

FILE, FOLDER, SYMLINK, SUBMODULE = "100644 blob", "040000 tree", "120000 blob", "160000 commit"


@dataclass(frozen=True)
class Hostile:
    """A repository that is written object by object, so that it can hold what git would refuse."""

    source: Path
    repositories: Repositories

    def git(self, *words: str, stdin: bytes | None = None) -> str:
        """Run git in it; what it printed."""
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.source, check=True, capture_output=True,
            input=stdin,
        )  # fmt: skip
        return done.stdout.decode().strip()

    def blob(self, content: bytes) -> str:
        """The name of a blob."""
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def tree(self, entries: dict[bytes, tuple[str, str]]) -> str:
        """The name of a tree: (mode and type, object) by name."""
        lines = [b"%s %s\t%s\0" % (k.encode(), o.encode(), n) for n, (k, o) in entries.items()]
        return self.git("mktree", "-z", "--missing", stdin=b"".join(lines))

    def commit(self, tree: str) -> str:
        """The name of a commit of that tree, which a branch names."""
        made = self.git("commit-tree", tree, "-m", "hostile")
        self.git("update-ref", f"refs/heads/{made}", made)
        return made

    def of(self, files: dict[bytes, bytes]) -> str:
        """A commit of these files, and a harmless one."""
        contents = {b"good.py": b"x = 1\n", **files}
        return self.commit(self.tree({n: (FILE, self.blob(c)) for n, c in contents.items()}))

    def instance(self, commit: str, url: str | None = None) -> Instance:
        """An instance of that commit."""
        return Instance(
            instance_id="s__s-1", repo="s/s", base_commit=commit, problem_statement="p",
            FAIL_TO_PASS=("t",), repo_url=url or str(self.source),
        )  # fmt: skip

    def fetched(self, commit: str) -> Path:
        """The git directory into which Stillwater fetched it."""
        return self.repositories.ensure(self.instance(commit))


@pytest.fixture
def hostile(tmp_path: Path) -> Hostile:
    """An empty one."""
    source = tmp_path / "source"
    source.mkdir()
    made = Hostile(source, Repositories(tmp_path / "home", ""))
    made.git("init", "-q")
    return made
