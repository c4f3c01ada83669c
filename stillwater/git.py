"""Git as Stillwater runs it: without anyone's configuration, hooks or filters, and in bounds.

What it reads was made by strangers: names of files, sizes, attributes, patches.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stillwater.errors import InputError, WorldError

GIT_SECONDS = 3600
LEASH = """
import ctypes, os, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl:
    prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM: on that git removes its locks and halves
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Runs a command that ends when the scheduler's process does, however that ends."""
PROTOCOLS = "file:git:http:https:ssh"
"""Those that run no program of a URL's choice."""
MISSING = "BAD"
"""What git lists as the size of a file that isn't in the repository."""
LARGEST_LISTING = 128 << 20
"""Bytes that git may take to list a commit's files: a million of them, or so."""
_UNSAFE = re.compile(r"(?:^|/)(?:\.{0,2}|\.git)(?:/|\Z)", re.IGNORECASE)
"""Paths out of a work tree, or into git's own folder: git writes none, but lists them."""
LARGEST_TREE = 8 << 30
"""Bytes that the files of one commit may have together."""


class RepositoryError(InputError):
    """The instance names a repository or commit that isn't there, or a patch that doesn't apply."""


class FetchError(WorldError):
    """The repository can't be fetched now."""


def _environment() -> dict[str, str]:
    """Git without anyone's configuration: no hooks, no filters, no prompts."""
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "GIT_CONFIG_COUNT": "5",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "core.hooksPath",
        "GIT_CONFIG_VALUE_1": os.devnull,
        "GIT_CONFIG_KEY_2": "uploadpack.allowAnySHA1InWant",
        "GIT_CONFIG_VALUE_2": "true",
        "GIT_CONFIG_KEY_3": "core.autocrlf",
        "GIT_CONFIG_VALUE_3": "false",
        # A pack is there when all of it is; objects unpacked one by one could be half of a commit.
        "GIT_CONFIG_KEY_4": "transfer.unpackLimit",
        "GIT_CONFIG_VALUE_4": "1",
        "LC_ALL": "C",
        "HOME": os.devnull,
    }


def git(
    *words: str,
    stdin: bytes | None = None,
    variables: Mapping[str, str] | None = None,
    leashed: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end, whatever its exit code.

    `leashed`: it may take long, so it is ended when this process ends.
    """
    environment = _environment() | dict(variables or {})
    leash = (sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid())) if leashed else ()
    try:
        return subprocess.run(
            [*leash, "git", *words],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=environment,
            timeout=GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise RepositoryError("git is not installed; install it") from error
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"git {words[0]} took longer than {GIT_SECONDS} s") from error


@dataclass(frozen=True)
class Entry:
    """A file of a commit: a regular one, a symlink or a submodule, by its mode."""

    mode: str
    blob: str
    size: int
    path: str

    @property
    def is_regular(self) -> bool:
        """Whether it is a file, executable or not."""
        return self.mode.startswith("100")

    @property
    def is_submodule(self) -> bool:
        """Whether it is another repository's commit, whose files aren't among these."""
        return self.mode == "160000"


def entries(store: Path, commit: str) -> Iterator[Entry]:
    """Every file of the commit; names that aren't UTF-8 hold surrogates.

    Raises:
        RepositoryError: there are more than anyone has written, or one leads out of the tree.
        FetchError: git can't list them, or some aren't there.
    """
    for line in _listing(store, commit).decode("utf-8", "surrogateescape").split("\0"):
        head, tab, path = line.partition("\t")
        if tab:
            mode, _, blob, size = head.split()
            if _UNSAFE.search(path):
                raise RepositoryError(f"{commit} can't be laid out: it has the path {path!r}")
            if size == MISSING:
                raise FetchError(f"{store} lacks objects of {commit}: remove it, and resume")
            yield Entry(mode, blob, 0 if size == "-" else int(size), path)


def _listing(store: Path, commit: str) -> bytes:
    words = ("-C", str(store), "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    with subprocess.Popen(
        ["git", *words], env=_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        listed = process.stdout.read(LARGEST_LISTING + 1)
        if len(listed) > LARGEST_LISTING:
            process.kill()
            raise RepositoryError(f"{commit} has more files than can be listed")
    if process.returncode:
        raise FetchError(f"the files of {commit} in {store} can't be listed")
    return listed


@lru_cache(maxsize=4096)
def check_size(store: Path, commit: str) -> None:
    """Raise RepositoryError if the commit's files would take more than LARGEST_TREE bytes."""
    size = sum(entry.size for entry in entries(store, commit))
    if size > LARGEST_TREE:
        raise RepositoryError(f"{commit} has {size} bytes of files; the most is {LARGEST_TREE}")


def last_line(output: bytes) -> str:
    """The last line of what git said."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "git said nothing"
