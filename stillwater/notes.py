"""Heads in a git repository: a commit for each, on a ref of their own.

A repository that others fetch from carries the heads to where nobody who can write to the database
can change them. Each database has a file of its own in the ref's tree, so that
`git log --format=%s refs/notes/stillwater -- FILE` prints a file for `stillwater audit --head`.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwater import where
from stillwater.errors import InputError, WorldError
from stillwater.git import git
from stillwater.heads import Head

REF = "refs/notes/stillwater"
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Stillwater"), ("EMAIL", "stillwater@localhost"))
}


class NotesError(WorldError):
    """The head can't be committed now."""


@dataclass(frozen=True)
class Notes:
    """Where the heads of one database are committed to; `Notes.of` checks that it can be."""

    repo: Path
    file: str

    @classmethod
    def of(cls, repo: str, db: where.Database) -> "Notes":
        """The notes of the database; InputError if `repo` is no git repository."""
        path = Path(repo).expanduser()
        if not path.is_dir() or git("-C", str(path), "rev-parse", "--git-dir").returncode:
            raise InputError(f"heads_git: {repo} is not a git repository: give the path of one")
        return cls(path, where.identity(db))

    def add(self, head: Head) -> None:
        """Commit the head; NotesError if git can't."""
        found = git("-C", str(self.repo), "rev-parse", "-q", "--verify", f"{REF}^{{commit}}")
        parent = found.stdout.decode().strip() if found.returncode == 0 else None
        blob = self._git("hash-object", "-w", "--stdin", stdin=f"{head}\n")
        with tempfile.TemporaryDirectory(prefix="stillwater-notes-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if parent:
                self._git("read-tree", parent, variables=index)
            entry = f"100644,{blob},{self.file}"
            self._git("update-index", "--add", "--cacheinfo", entry, variables=index)
            tree = self._git("write-tree", variables=index)
        line = ("-p", parent) if parent else ()
        commit = self._git("commit-tree", tree, *line, "-m", str(head), variables=AUTHOR)
        # The old value too, so that of two databases that commit at once none is lost.
        self._git("update-ref", REF, commit, parent or "0" * 40)

    def _git(
        self, *words: str, stdin: str | None = None, variables: Mapping[str, str] | None = None
    ) -> str:
        content = None if stdin is None else stdin.encode()
        done = git("-C", str(self.repo), *words, stdin=content, variables=variables)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            told = said[-1] if said else "no reason given"
            raise NotesError(f"git {words[0]} in {self.repo} failed: {told}")
        return done.stdout.decode().strip()
