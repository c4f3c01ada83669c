"""A person's work tree as it is now: copied into a commit elsewhere, and changed only when asked.

Neither the work tree nor the repository's git directory is written to make the copy.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stillwater.errors import InputError
from stillwater.git import entries, git

IGNORED = ("ls-files", "-c", "-i", "--exclude-standard", "-z")
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "s"), ("EMAIL", "s"), ("DATE", "2000-01-01T00:00:00Z"))
}
"""The same files are the same commit, whoever copies them and when."""


class WorkTreeError(InputError):
    """There is no work tree, it can't be copied, or a patch doesn't apply to it."""


class NoText(WorkTreeError):
    """The repository's path can't be written down."""

    def __init__(self, repo: Path) -> None:
        super().__init__(f"{str(repo)!r}: a repository's path has to be UTF-8 text")


@dataclass(frozen=True)
class Frozen:
    """The work tree as a commit in a store of Stillwater's own."""

    top: Path
    prefix: str
    """The folder within it that was named, "" for itself: there the tests are run."""
    store: Path
    commit: str
    left_out: tuple[str, ...]
    """Paths of submodules, whose files aren't copied."""


def freeze(repo: Path, folder: Path) -> Frozen:
    """Copy the work tree of `repo`, uncommitted and untracked files included, into a commit.

    What the person's own git ignores is left out, unless it is tracked; so is a file that this
    process prints to. The store is kept in `folder`, which nobody else may use meanwhile.

    Raises:
        WorkTreeError: `repo` is no git work tree, or can't be read.
        NoText: its path is none.
    """
    asked = git("-C", str(repo), "rev-parse", "--show-toplevel", "--show-prefix")
    if asked.returncode:
        raise WorkTreeError(f"{repo}: not a git repository with a work tree; give --repo one")
    try:
        named, prefix = asked.stdout.decode("utf-8").split("\n")[:2]
    except UnicodeDecodeError as error:
        raise NoText(repo) from error
    folder.mkdir(parents=True, exist_ok=True)
    store = folder.absolute() / "own.git"
    _must(git("init", "-q", "--bare", str(store)), "can't make its copy")
    tree = _written(Path(named), store, folder.absolute() / "own.index")
    made = git("-C", str(store), "commit-tree", tree, "-m", "work tree", variables=IDENTITY)
    commit = _must(made, "can't be copied").decode().strip()
    left_out = tuple(one.path for one in entries(store, commit) if one.is_submodule)
    return Frozen(Path(named), prefix, store, commit, left_out)


def untracked(top: Path) -> list[str]:
    """The files that the repository doesn't track, and the person's git doesn't ignore."""
    hide = _hiding(top)
    listed = git(*hide, "ls-files", "-o", "--exclude-standard", "-z").stdout
    return [path.decode("utf-8", "replace") for path in listed.split(b"\0") if path]


def apply(frozen: Frozen, patch: str) -> None:
    """Apply the patch to the work tree itself.

    With the person's own configuration: it says which line ends the files have there.

    Raises:
        WorkTreeError: it doesn't apply any more.
    """
    words = ("git", "-C", str(frozen.top), "apply", "--whitespace=nowarn", "-")
    done = subprocess.run(words, input=patch.encode(), capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise WorkTreeError(f"the patch doesn't apply to {frozen.top} any more: {said}")


def _written(top: Path, store: Path, index: Path) -> str:
    """The tree that holds the files, written into the store; the index remembers them."""
    (store / "info").mkdir(exist_ok=True)
    (store / "info" / "exclude").write_bytes(_excluded(top))
    index.with_name(f"{index.name}.lock").unlink(missing_ok=True)  # a killed git left it
    hide = _hiding(top)
    ours = (*hide, "--git-dir", str(store), "--work-tree", str(top))
    variables = {"GIT_INDEX_FILE": str(index)}
    update, paths = (*ours, "update-index"), ("-z", "--stdin")

    def must(*words: str, stdin: bytes | None = None) -> bytes:
        return _must(git(*words, stdin=stdin, variables=variables), "can't be read")

    must(*ours, "add", "-A", "--", str(top))
    # The index is of last time, too, when less may have been ignored.
    must(*update, "--force-remove", *paths, stdin=must(*ours, *IGNORED))
    tracked = _must(git(*hide, *IGNORED), "can't be listed")
    must(*update, "--add", *paths, stdin=_files(top, tracked))
    return must(*ours, "write-tree").decode().strip()


def _must(done: "subprocess.CompletedProcess[bytes]", what: str) -> bytes:
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise WorkTreeError(f"the repository {what}: {said}")
    return done.stdout


def _files(top: Path, paths: bytes) -> bytes:
    """Those of the paths, each with a NUL behind it, that are files of the work tree."""
    named = [Path(os.fsdecode(path)) for path in paths.split(b"\0") if path]
    there = [one for one in named if (top / one).is_symlink() or (top / one).is_file()]
    return b"".join(os.fsencode(one) + b"\0" for one in there)


def _excluded(top: Path) -> bytes:
    """What info/exclude of the repository says, and the files that this process prints to."""
    asked = git("-C", str(top), "rev-parse", "--path-format=absolute", "--git-path", "info/exclude")
    file = Path(os.fsdecode(asked.stdout.rstrip(b"\n")))
    lines = file.read_bytes() if file.is_file() else b""
    for descriptor in (1, 2):
        printed = _file_at(descriptor)
        if printed is not None and printed.is_relative_to(top):
            name = re.sub(r"([\\*?\[ ])", r"\\\1", printed.relative_to(top).as_posix())
            lines += b"\n/" + os.fsencode(name) + b"\n"
    return lines


def _file_at(descriptor: int) -> Path | None:
    try:
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
    except OSError:
        return None
    return file if file.is_file() else None


def _hiding(top: Path) -> tuple[str, ...]:
    """Git's words for: there, without what the person's own git ignores in all repositories."""
    words = ("git", "-C", str(top), "config", "--get", "--type=path", "core.excludesFile")
    told = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    file = os.fsdecode(told.stdout.rstrip(b"\n")) or str(Path(home) / "git" / "ignore")
    return "-C", str(top), "-c", f"core.excludesFile={file}"
