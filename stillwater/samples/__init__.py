"""Bundled bugs, so that anyone can try Stillwater without the network or a data set.

Twenty-four bugs in seven small packages, written for this purpose. ``packages/`` holds the healthy
projects, ``bugs/`` an issue and two patches for each bug, and ``instances.jsonl`` the instances
that ``python -m stillwater.samples.build`` makes of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from stillwater.errors import InputError

__all__ = ["INSTANCES", "SampleError", "bug_ids", "materialise", "packages"]

_HERE = Path(__file__).parent
INSTANCES: Path = _HERE / "instances.jsonl"
PACKAGES: Path = _HERE / "packages"
BUGS: Path = _HERE / "bugs"

# Half of what makes a commit's name; the other half is the tree.
_IDENTITY = "Stillwater Samples <samples@stillwater.invalid> 1704067200 +0000"
_ABANDONED = 3600.0
_NOT_SOURCE = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})


class SampleError(InputError):
    """A bundled sample that does not exist, or cannot be put where it should go."""


def packages() -> list[str]:
    """Names of the bundled packages."""
    return sorted(path.name for path in PACKAGES.iterdir() if (path / "pyproject.toml").is_file())


def bug_ids(package: str) -> list[str]:
    """Instance ids of a package's bugs."""
    _check(package)
    return sorted(path.name for path in BUGS.glob(f"{package}__{package}-*") if path.is_dir())


def materialise(package: str, target: Path) -> None:
    """Make the bare git repository of a package at ``target``, with a branch for each instance.

    Each branch is one commit, the same on every machine: the ``base_commit`` of its instance. Safe
    to call from several processes at once; a target that is complete is left alone, and one that
    an earlier release made is replaced.
    """
    _check(package)
    expected = _published(package)
    if branches(target) == expected:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}.making-"
    _remove_abandoned(target.parent, prefix)
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=prefix, ignore_cleanup_errors=True
    ) as scratch:
        made = Path(scratch) / "repository"
        create(package, made)
        if branches(made) != expected:
            raise SampleError(f"{package}: the samples do not match {INSTANCES.name}; build anew")
        if _is_outdated(package, branches(target), expected):
            with contextlib.suppress(FileNotFoundError):
                target.rename(Path(scratch) / "outdated")
        try:
            made.rename(target)
        except OSError as error:
            # Another process may have been faster, with the same result.
            if branches(target) != expected:
                raise SampleError(
                    f"{target} holds something other than the samples of {package};"
                    " remove it, or choose another place"
                ) from error


def create(package: str, repository: Path) -> None:
    """Make the repository from the package and its bugs, without looking at what is published."""
    ids = bug_ids(package)
    repository.mkdir()
    git(
        [
            "init",
            "--bare",
            "--template=",
            "--object-format=sha1",
            f"--initial-branch={ids[0]}",
            ".",
        ],
        repository,
    )
    stream = b"".join(_commit(iid, base_tree(package, iid)) for iid in ids)
    git(["fast-import", "--quiet", "--done"], repository, stream + b"done\n")


def base_tree(package: str, instance_id: str) -> dict[str, bytes]:
    """Path and content of every file at the base commit: the bug is in, its tests are not."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch).resolve() / "tree"
        write_tree(_healthy(package), tree)
        for patch in ("fix.patch", "test.patch"):
            git(["apply", "--reverse", "-"], tree, _bytes(BUGS / instance_id / patch))
        return {path.relative_to(tree).as_posix(): path.read_bytes() for path in _files(tree)}


def write_tree(tree: Mapping[str, bytes], target: Path) -> None:
    """Write files below a directory."""
    for name, content in tree.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _check(package: str) -> None:
    known = packages()
    if package not in known:
        raise SampleError(f"no bundled package {package!r}; there are {', '.join(known)}")


def _published(package: str) -> dict[str, str]:
    rows = (json.loads(line) for line in INSTANCES.read_text(encoding="utf-8").splitlines())
    return {
        row["instance_id"]: row["base_commit"]
        for row in rows
        if row["repo"] == f"samples/{package}"
    }


def _remove_abandoned(parent: Path, prefix: str) -> None:
    # Making takes a second, so what is older belonged to a process that was killed.
    for left in parent.glob(f"{prefix}*"):
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def _is_outdated(package: str, found: Mapping[str, str], expected: Mapping[str, str]) -> bool:
    """True for what an earlier release of the samples left there, not what another process made."""
    ours = all(name.startswith(f"{package}__{package}-") for name in found)
    return bool(found) and ours and found != expected


def _healthy(package: str) -> dict[str, bytes]:
    root = PACKAGES / package
    return {path.relative_to(root).as_posix(): _bytes(path) for path in _files(root)}


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not _NOT_SOURCE.intersection(path.relative_to(root).parts):
            yield path


def _bytes(path: Path) -> bytes:
    # Someone's checkout may have turned line ends into CRLF, which would change every commit.
    return path.read_bytes().replace(b"\r\n", b"\n")


def _commit(instance_id: str, tree: Mapping[str, bytes]) -> bytes:
    """One root commit, in the language of git fast-import."""
    message = instance_id.encode()
    out = [f"commit refs/heads/{instance_id}\n".encode()]
    out += [f"{role} {_IDENTITY}\n".encode() for role in ("author", "committer")]
    out.append(b"data %d\n%s\n" % (len(message), message))
    for name, content in sorted(tree.items()):
        out.append(f"M 100644 inline {name}\n".encode())
        out.append(b"data %d\n%s\n" % (len(content), content))
    return b"".join([*out, b"\n"])


def branches(repository: Path) -> dict[str, str]:
    """Commit of each branch; nothing when there is no such repository."""
    if not (repository / "HEAD").is_file():
        return {}
    # Another process may take an outdated one away meanwhile.
    with contextlib.suppress(SampleError, FileNotFoundError):
        found = git(
            ["for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"], repository
        )
        return dict(line.split(" ", 1) for line in found.decode().splitlines())
    return {}


def git(arguments: list[str], directory: Path, stdin: bytes = b"") -> bytes:
    """Run git untouched by anyone's settings, and by any repository around the directory."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(directory.resolve().parent),
        "LC_ALL": "C",
    }
    program = shutil.which("git")
    if program is None:
        raise SampleError("git is not installed, or not on PATH")
    done = subprocess.run(
        [program, *arguments], cwd=directory, env=env, input=stdin, capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise SampleError(f"git {arguments[0]} failed in {directory}: {said}")
    return done.stdout
