"""One's own git repository as an instance: its work tree as it is now, and the tests that fail."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwater.canonical import Json, canonical, digest
from stillwater.config import Config
from stillwater.datasets import Dataset, Instance
from stillwater.editable import importing_the_copy
from stillwater.errors import InputError
from stillwater.feedback import distil, tail
from stillwater.git import git
from stillwater.grading import Printed, judge, read
from stillwater.grading.parsers import EXIT_STATUS, EXIT_TEST
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Sandbox
from stillwater.steps.tools import PYTEST_OPTIONS, limits_of

NOT_FOUND = 127
OWNER = "own"
"""Stands where other repositories name their owner."""


class NothingToRepair(InputError):
    """The repository, the command or the tests give no bug to repair."""


@dataclass(frozen=True)
class Frozen:
    """The work tree as a commit in a store of Stillwater's own."""

    top: Path
    store: Path
    commit: str


def freeze(repo: Path, folder: Path) -> Frozen:
    """Copy the work tree of `repo`, uncommitted and untracked files included, into a commit.

    Neither the work tree nor the repository's git directory is written.

    Raises:
        NothingToRepair: `repo` is no git work tree.
    """
    asked = git("-C", str(repo), "rev-parse", "--show-toplevel")
    if asked.returncode:
        raise NothingToRepair(f"{repo}: not a git repository with a work tree; give --repo one")
    top = Path(asked.stdout.decode().rstrip("\n"))
    store = folder / "own.git"
    folder.mkdir(parents=True, exist_ok=True)
    _must(git("init", "-q", "--bare", str(store)), "can't make its copy")
    exclude = git(
        "-C", str(top), "rev-parse", "--path-format=absolute", "--git-path", "info/exclude"
    )
    where = ("--git-dir", str(store), "--work-tree", str(top))
    hide = ("-c", f"core.excludesFile={exclude.stdout.decode().strip()}")
    index = {"GIT_INDEX_FILE": str(folder / "own.index")}
    _must(git(*where, *hide, "add", "-A", "--", str(top), variables=index), "can't be read")
    tree = git(*where, "write-tree", variables=index).stdout.decode().strip()
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "s"), ("EMAIL", "s"), ("DATE", "2000-01-01T00:00:00Z"))
    }
    made = git("-C", str(store), "commit-tree", tree, "-m", "work tree", variables=identity)
    _must(made, "can't be copied")
    return Frozen(top, store, made.stdout.decode().strip())


def _must(done: object, what: str) -> None:
    if getattr(done, "returncode", 1):
        said = getattr(done, "stderr", b"").decode("utf-8", "replace").strip()
        raise NothingToRepair(f"the repository {what}: {said}")


def dataset(
    frozen: Frozen, issue: str | None, command: str, config: Config, sandbox: Sandbox, home: Path
) -> Dataset:
    """A dataset of one instance: the failing tests that `command` shows on the frozen tree.

    Raises:
        NothingToRepair: the tests pass, or can't run.
    """
    runs_on_copy = importing_the_copy(command, frozen.top, os.environ.get("PATH"))
    ran = _run(frozen, runs_on_copy, config, sandbox, home)
    log = ran.output.decode("utf-8", "replace")
    parser, failing, passing = _read(ran, log, command)
    problem = issue or "These tests fail:\n" + distil(log, failing)
    row: Mapping[str, Json] = {
        "instance_id": f"{frozen.top.name}-{frozen.commit[:8]}",
        "repo": f"{OWNER}/{frozen.top.name}",
        "repo_url": str(frozen.store),
        "base_commit": frozen.commit,
        "problem_statement": problem,
        "FAIL_TO_PASS": failing,
        "PASS_TO_PASS": passing,
        "test_command": runs_on_copy,
        "log_parser": parser,
    }
    instance = Instance.model_validate(row)
    return Dataset(str(frozen.top), digest(canonical(row)), (row,), (instance,))


def _run(frozen: Frozen, command: str, config: Config, sandbox: Sandbox, home: Path) -> Execution:
    repositories = Repositories(home, config.repo_url)
    limits = limits_of(config, config.test_timeout)
    with repositories.tree(frozen.store, frozen.commit, "first") as tree:
        variables = {"PYTEST_ADDOPTS": PYTEST_OPTIONS}
        return sandbox.run(Job(tree, command, "first", variables=variables, limits=limits))


def _read(ran: Execution, log: str, command: str) -> tuple[str, list[str], list[str]]:
    last = tail(log, 300).strip()
    if ran.exit_code == NOT_FOUND:
        raise NothingToRepair(f"the test command {command!r} can't run: {last or 'not found'}")
    if ran.stopped:
        raise NothingToRepair(f"the test command {command!r} was stopped ({ran.stopped})")
    if ran.exit_code == 0:
        raise NothingToRepair(
            f"{command!r} passes: there is nothing to repair; name a failing test"
        )
    reading = read(Printed(log, ran.exit_code), None)
    tests = reading.tests
    failing = judge(reading, (), tuple(tests)).failing
    # A file that can't be collected has no test ids yet, so only the exit status can judge it.
    if not failing or any("::" not in test for test in failing):
        return EXIT_STATUS, [EXIT_TEST], []
    return "pytest", failing, [test for test in tests if test not in failing]


def is_own(instance: Instance) -> bool:
    """Whether it was made from one's own repository, whose tests run with one's own PATH."""
    return instance.repo.startswith(f"{OWNER}/")


def programs_of(instances: Iterable[Instance]) -> str | None:
    """The PATH that their tests run with: the person's where all are one's own, else None."""
    return os.environ.get("PATH") if all(map(is_own, instances)) else None


def apply(frozen: Frozen, patch: str) -> None:
    """Apply the patch to the work tree itself; raises NothingToRepair if it changed meanwhile."""
    done = git("-C", str(frozen.top), "apply", "--whitespace=nowarn", "-", stdin=patch.encode())
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise NothingToRepair(f"the patch doesn't apply to {frozen.top} any more: {said}")


def home_of(repo: Path) -> Path:
    """Where `fix` keeps a repository's runs: the person's state folder, never the repository."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    name = digest(str(repo.resolve()).encode())[:12]
    return Path(state) / "stillwater" / f"{repo.resolve().name}-{name}"
