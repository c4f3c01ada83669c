"""One's own git repository as an instance: its work tree as it is now, and the tests that fail."""

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from stillwater.canonical import Json, canonical, digest
from stillwater.config import Config
from stillwater.datasets import Dataset, Instance
from stillwater.editable import importing_the_copy
from stillwater.errors import InputError
from stillwater.feedback import distil, tail
from stillwater.grading import Printed, judge, read
from stillwater.grading.parsers import EXIT_STATUS, EXIT_TEST
from stillwater.refusals import UNREACHED
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Sandbox
from stillwater.steps.tools import PYTEST_OPTIONS, limits_of
from stillwater.worktree import Frozen, NoText

NOT_EXECUTABLE, NOT_FOUND = 126, 127
_STOPPED = re.compile(r"^!{3,} .*(stopping after|Interrupted).* !{3,}$", re.MULTILINE)
_NONE = re.compile(r"no tests ran|collected 0 items|\d+ deselected|^ERROR: usage:", re.MULTILINE)
_NO_PROGRAM = re.compile(r"^make(?:\[\d+\])?: \*\*\* .* Error 127$", re.MULTILINE)
_REPORTED = re.compile(r"(?<=\s)-r([a-zA-Z]+)(?=\s|$)")
_SHELL_WORDS = re.compile(
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|[;&|\n()]|[^;&|\n()'"\\]+|.""", re.DOTALL
)
_PARTING = frozenset(";&|\n()")
_OWN_OPTIONS = "PYTEST_ADDOPTS="
_NO_MODULE = re.compile(r"^\S*python[\d.]*: No module named ", re.MULTILINE)
OWNER = "own"
"""Stands where other repositories name their owner."""


class NothingToRepair(InputError):
    """The repository, the command or the tests give no bug to repair."""


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
    there = reporting_all(there)
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


def reporting_all(command: str) -> str:
    """The command with an A in every -r of pytest's own: one of the person's would take the place
    of ours, which names the tests that pass. Other programs have options of that name, too."""
    simple = [""]
    for word in _SHELL_WORDS.findall(command):
        simple += [word, ""] if word in _PARTING else []
        simple[-1] += "" if word in _PARTING else word
    return "".join(_REPORTED.sub(r"-r\1A", one) if "pytest" in one else one for one in simple)


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
    named = bool(failing) and all("::" in test for test in failing)
    by_name = named and not _STOPPED.search(log) and _OWN_OPTIONS not in command
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
    """Whether the command failed before any test could: pytest's exit codes 4 and 5, and others.

    Tests have no network, so what has to fetch something first (uv, tox) can't run here.
    """
    if exit_code == NOT_EXECUTABLE or any(
        one.search(log) for one in (_NO_MODULE, _NO_PROGRAM, UNREACHED)
    ):
        return True
    return exit_code in {4, 5} and _NONE.search(log) is not None


def is_own(instance: Instance) -> bool:
    """Whether it was made from one's own repository, whose tests run with one's own PATH."""
    return instance.repo.startswith(f"{OWNER}/")


def programs_of(instances: Iterable[Instance]) -> str | None:
    """The PATH that their tests run with: the person's where all are one's own, else None."""
    return os.environ.get("PATH") if all(map(is_own, instances)) else None


def home_of(repo: Path) -> Path:
    """Where `fix` keeps a repository's runs: the person's state folder, never the repository.

    Raises:
        NoText: the repository's path is none.
    """
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    try:
        name = digest(str(repo.resolve()).encode())[:12]
    except UnicodeEncodeError as error:
        raise NoText(repo) from error
    return Path(state) / "stillwater" / f"{repo.resolve().name}-{name}"
