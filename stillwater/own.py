"""One's own git repository as an instance: its work tree as it is now, and the tests that fail."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwater.canonical import Json, canonical, digest
from stillwater.config import Config
from stillwater.datasets import Dataset, Instance
from stillwater.editable import importing_the_copy
from stillwater.errors import InputError
from stillwater.feedback import distil, tail
from stillwater.git import entries, git
from stillwater.grading import Printed, judge, read
from stillwater.grading.parsers import EXIT_STATUS, EXIT_TEST
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Sandbox
from stillwater.steps.tools import PYTEST_OPTIONS, limits_of

NOT_EXECUTABLE, NOT_FOUND = 126, 127
SUBMODULE = "160000"
"""The mode of a submodule in a tree of git."""
_NO_TEXT = "{!r}: a repository's path has to be UTF-8 text"
_STOPPED = re.compile(r"^!{3,} .*(stopping after|Interrupted).* !{3,}$", re.MULTILINE)
_NONE = re.compile(r"no tests ran|collected 0 items|\d+ deselected|^ERROR: usage:", re.MULTILINE)
_NO_MODULE = re.compile(r"^\S*python[\d.]*: No module named ", re.MULTILINE)
OWNER = "own"
"""Stands where other repositories name their owner."""


class NothingToRepair(InputError):
    """The repository, the command or the tests give no bug to repair."""


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

    Neither the work tree nor the repository's git directory is written.

    What the person's own git ignores is left out, unless it is tracked; so is a file that this
    process prints to.

    Raises:
        NothingToRepair: `repo` is no git work tree, or its path is no text.
    """
    asked = git("-C", str(repo), "rev-parse", "--show-toplevel", "--show-prefix")
    if asked.returncode:
        raise NothingToRepair(f"{repo}: not a git repository with a work tree; give --repo one")
    try:
        named, prefix = asked.stdout.decode("utf-8").split("\n")[:2]
    except UnicodeDecodeError as error:
        raise NothingToRepair(_NO_TEXT.format(str(repo))) from error
    top = Path(named)
    store = folder.absolute() / "own.git"
    folder.mkdir(parents=True, exist_ok=True)
    _must(git("init", "-q", "--bare", str(store)), "can't make its copy")
    (store / "info").mkdir(exist_ok=True)
    (store / "info" / "exclude").write_bytes(_excluded(top))
    # A process that was killed leaves its lock, and the caller's lease lets no second one be here.
    (folder / "own.index.lock").unlink(missing_ok=True)
    where = ("--git-dir", str(store), "--work-tree", str(top))
    hide = ("-c", f"core.excludesFile={_ignored_everywhere(top)}")
    index = {"GIT_INDEX_FILE": str(folder.absolute() / "own.index")}
    _must(git(*where, *hide, "add", "-A", "--", str(top), variables=index), "can't be read")
    add = ("-C", str(top), *where, "update-index", "--add", "-z", "--stdin")
    _must(git(*add, stdin=_tracked(top), variables=index), "can't be read")
    tree = git(*where, "write-tree", variables=index).stdout.decode().strip()
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "s"), ("EMAIL", "s"), ("DATE", "2000-01-01T00:00:00Z"))
    }
    made = git("-C", str(store), "commit-tree", tree, "-m", "work tree", variables=identity)
    _must(made, "can't be copied")
    commit = made.stdout.decode().strip()
    left_out = tuple(one.path for one in entries(store, commit) if one.mode == SUBMODULE)
    return Frozen(top, prefix, store, commit, left_out)


def _tracked(top: Path) -> bytes:
    """The paths of the files that the repository tracks and has, each with a NUL behind it."""
    listed = git("-C", str(top), "ls-files", "-s", "-z")
    _must(listed, "can't be listed")
    rows = (row.partition(b"\t") for row in listed.stdout.split(b"\0") if row)
    known = (path for head, _, path in rows if not head.startswith(SUBMODULE.encode()))
    there = (path for path in known if os.path.lexists(top / os.fsdecode(path)))
    return b"".join(path + b"\0" for path in there)


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


def _ignored_everywhere(top: Path) -> str:
    """The file of what the person's git ignores in all repositories, as their own git says."""
    words = ("git", "-C", str(top), "config", "--get", "--type=path", "core.excludesFile")
    told = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return os.fsdecode(told.stdout.rstrip(b"\n")) or str(Path(home) / "git" / "ignore")


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
    there = f"cd {shlex.quote(frozen.prefix)} && {command}" if frozen.prefix else command
    try:
        there.encode()
    except UnicodeEncodeError as error:
        raise NothingToRepair("the test command is no UTF-8 text") from error
    runs_on_copy = importing_the_copy(there, frozen.top, os.environ.get("PATH"))
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
    reading = read(Printed(log, ran.exit_code), None)
    tests = reading.tests
    failing = judge(reading, (), tuple(tests)).failing
    # A file that can't be collected has no test ids yet, and those after the stop of `-x` aren't
    # named, so only the exit status can judge then.
    by_name = bool(failing) and all("::" in test for test in failing) and not _STOPPED.search(log)
    if ran.exit_code == 0 and not by_name:
        told = "passes: there is nothing to repair; name a failing test"
        if failing:
            told = "exits with 0 though tests fail: leave out what stands behind the tests"
        raise NothingToRepair(f"{command!r} {told}")
    if not tests and _ran_none(ran.exit_code, log):
        raise NothingToRepair(f"{command!r} runs no test: {last or 'it prints nothing'}")
    if not by_name:
        return EXIT_STATUS, [EXIT_TEST], []
    return "pytest", failing, [test for test in tests if test not in failing]


def _ran_none(exit_code: int | None, log: str) -> bool:
    """Whether the command failed before any test could: pytest's exit codes 4 and 5, and others."""
    if exit_code == NOT_EXECUTABLE or _NO_MODULE.search(log):
        return True
    return exit_code in {4, 5} and _NONE.search(log) is not None


def is_own(instance: Instance) -> bool:
    """Whether it was made from one's own repository, whose tests run with one's own PATH."""
    return instance.repo.startswith(f"{OWNER}/")


def programs_of(instances: Iterable[Instance]) -> str | None:
    """The PATH that their tests run with: the person's where all are one's own, else None."""
    return os.environ.get("PATH") if all(map(is_own, instances)) else None


def apply(frozen: Frozen, patch: str) -> None:
    """Apply the patch to the work tree itself; raises NothingToRepair if it changed meanwhile.

    With the person's own configuration: it says which line ends the files have there.
    """
    words = ("git", "-C", str(frozen.top), "apply", "--whitespace=nowarn", "-")
    done = subprocess.run(words, input=patch.encode(), capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise NothingToRepair(f"the patch doesn't apply to {frozen.top} any more: {said}")


def home_of(repo: Path) -> Path:
    """Where `fix` keeps a repository's runs: the person's state folder, never the repository.

    Raises:
        NothingToRepair: the repository's path is no text.
    """
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    try:
        name = digest(str(repo.resolve()).encode())[:12]
    except UnicodeEncodeError as error:
        raise NothingToRepair(_NO_TEXT.format(str(repo))) from error
    return Path(state) / "stillwater" / f"{repo.resolve().name}-{name}"
