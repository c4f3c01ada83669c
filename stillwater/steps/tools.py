"""What steps reach the world with, and the test run that READ and TEST share."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from stillwater import stuck
from stillwater.canonical import Json, digest
from stillwater.config import Config
from stillwater.datasets.instance import Instance
from stillwater.errors import WorldError
from stillwater.grading import Printed, Reading, read
from stillwater.grading.parsers import EXIT_STATUS
from stillwater.machine import Event
from stillwater.models.protocol import Model
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Limits, Sandbox, Setup
from stillwater.snapshot import Snapshot
from stillwater.steps import evaluation
from stillwater.suspects import Calls, telling, told

LEAST_SECONDS = 30.0
"""No test run is called hanging before."""
UNTOLD = frozenset({"MISSING", "ERROR"})
"""How the baseline tells of tests that it didn't run through."""

PYTEST_OPTIONS = f"-rA -p no:cacheprovider --color=no {stuck.PYTEST_OPTION}"
"""Given by PYTEST_ADDOPTS, so that any pytest command prints the summary that the parser reads."""


@dataclass(frozen=True)
class Tools:
    """The repositories, the sandbox and the models that a step may use.

    `slot` is held while tests run, and not while an image, a repository or an environment is had.
    """

    repositories: Repositories
    sandbox: Sandbox
    models: Model
    slot: AbstractContextManager[object] = field(default_factory=nullcontext)


class EnvironmentFailure(WorldError):
    """The environment of the tests failed, by the official harness's classification."""

    most_in_a_row: int | None = 3


@dataclass(frozen=True)
class TestRun:
    """One run of the instance's tests: what the sandbox saw, and what the log says of each test."""

    __test__ = False

    execution: Execution
    reading: Reading

    @property
    def log(self) -> bytes:
        """What the tests printed, as it is kept."""
        return self.execution.output

    @property
    def measured(self) -> dict[str, Json]:
        """How long the tests took, and the trouble with the environment that they printed."""
        trouble, seconds = self.reading.environment, round(self.execution.seconds, 3)
        return {"seconds": seconds} | ({"environment": trouble} if trouble else {})


def as_it_is(job: Job) -> Job:
    """No change to a job."""
    return job


def run_tests(
    snapshot: Snapshot,
    tools: Tools,
    patch: str,
    *,
    hidden: bool = True,
    change: Callable[[Job], Job] = as_it_is,
) -> TestRun:
    """Run the instance's tests on the base commit with `patch` applied, in a fresh sandbox.

    `hidden` says whether test_patch is applied, that is, whether FAIL_TO_PASS exists; `change` is
    made to the sandbox's job last.

    Raises:
        RepositoryError: the repository or test_patch is broken.
        SetupError: setup_command fails.
        EnvironmentFailure: the tests didn't run, for a reason that neither a patch gives nor the
            baseline had.
        WorldError: the sandbox or the disk failed.
    """
    instance = snapshot.instance
    execution = _run(snapshot, tools, _Asked(patch, hidden, change))
    printed = Printed(
        log=execution.output.decode("utf-8", "replace"),
        exit_code=execution.exit_code,
        stopped=execution.stopped,
        marked=instance.runs_in_image,
    )
    reading = read(printed, instance.log_parser, instance.eval_type)
    if reading.problem and reading.environment and reading.environment != _usual(snapshot):
        raise EnvironmentFailure(
            f"{instance.instance_id}: the environment of its tests failed ({reading.environment})"
        )
    return TestRun(execution, reading)


def _usual(snapshot: Snapshot) -> str | None:
    """The trouble with the environment that the baseline's log showed, though its tests ran."""
    trouble = _baseline(snapshot).get("environment")
    return trouble if isinstance(trouble, str) else None


def _baseline(snapshot: Snapshot) -> Mapping[str, Json]:
    """What READ told of the tests before any change; nothing where it hasn't."""
    chosen = snapshot.last(Event.READ)
    told = chosen.evidence.get("baseline") if chosen else None
    return told if isinstance(told, Mapping) else {}


def calls_of_tests(snapshot: Snapshot, tools: Tools, seconds: float) -> Calls:
    """Run the instance's tests once more, for at most `seconds`: which functions does each call?

    Nothing where they can't be asked. Raises what `run_tests` does, but for EnvironmentFailure.
    """
    root = evaluation.ROOT if snapshot.instance.runs_in_image else None

    def change(job: Job) -> Job:
        limits = replace(job.limits, seconds=min(job.limits.seconds, seconds))
        return replace(job, command=telling(job.command, root), limits=limits)

    return told(_run(snapshot, tools, _Asked(change=change)).output)


@dataclass(frozen=True)
class _Asked:
    """What a test run is of; `change` is made to its job last."""

    patch: str = ""
    hidden: bool = True
    change: Callable[[Job], Job] = as_it_is


def _run(snapshot: Snapshot, tools: Tools, asked: _Asked) -> Execution:
    in_image = snapshot.instance.runs_in_image
    return (_run_in_image if in_image else _run_on_tree)(snapshot, tools, asked)


def _run_in_image(snapshot: Snapshot, tools: Tools, asked: _Asked) -> Execution:
    instance = snapshot.instance
    files = evaluation.files(instance, asked.patch, hidden=asked.hidden)
    job = replace(_job(snapshot, None, instance.image), command=evaluation.RUN, files=files)
    tools.sandbox.fetch(instance.image or "")
    with tools.slot:
        return tools.sandbox.run(asked.change(job))


def _run_on_tree(snapshot: Snapshot, tools: Tools, asked: _Asked) -> Execution:
    instance = snapshot.instance
    store = tools.repositories.ensure(instance)
    environment = _environment(snapshot, tools, store)
    patches = {f"{instance.instance_id}: the patch": asked.patch}
    if asked.hidden:
        patches[f"{instance.instance_id}: test_patch"] = instance.test_patch
    label = _label(snapshot)
    with tools.repositories.tree(store, instance.base_commit, label, patches) as tree:
        job = _job(snapshot, tree, environment)
        with tools.slot:
            return tools.sandbox.run(asked.change(job))


def _label(snapshot: Snapshot) -> str:
    return f"{_slug(snapshot.instance.instance_id)}-{snapshot.attempt}"


def _job(snapshot: Snapshot, tree: Path | None, environment: str | None) -> Job:
    config = snapshot.config
    seconds = min(config.test_timeout, hang_seconds(snapshot))
    pytest = snapshot.instance.log_parser in {None, "pytest"}
    return Job(
        tree=tree,
        command=snapshot.instance.test_command or "",
        label=_label(snapshot),
        environment=environment,
        variables={"PYTEST_ADDOPTS": PYTEST_OPTIONS} if pytest and tree else {},
        limits=limits_of(config, seconds),
    )


def limits_of(config: Config, seconds: float) -> Limits:
    """What a test run of this configuration may use, in at most `seconds`."""
    return Limits(
        seconds=seconds,
        memory_bytes=config.test_memory,
        pids=config.test_pids,
        disk_bytes=config.test_disk,
        output_bytes=config.test_output,
        cpus=config.test_cpus,
    )


def hang_seconds(snapshot: Snapshot) -> float:
    """How long the tests may take before they count as hanging: ten times the baseline run.

    A baseline that some of them never ran in (one that can't be imported ends in a second) says
    nothing of how long they take once they do.
    """
    if snapshot.instance.log_parser == EXIT_STATUS:
        return float("inf")
    baseline = _baseline(snapshot)
    took, tests = baseline.get("seconds"), baseline.get("tests")
    if not isinstance(took, int | float) or not isinstance(tests, Mapping):
        return float("inf")
    if not UNTOLD.isdisjoint(map(str, tests.values())):
        return float("inf")
    return max(LEAST_SECONDS, 10 * took)


def _environment(snapshot: Snapshot, tools: Tools, store: Path) -> str | None:
    instance = snapshot.instance
    if not instance.setup_command:
        return None
    with tools.repositories.tree(store, instance.base_commit, "setup") as tree:
        return tools.sandbox.prepare(
            Setup(
                key=environment_key(instance),
                command=instance.setup_command,
                tree=tree,
                seconds=snapshot.config.setup_timeout,
            )
        )


def environment_key(instance: Instance) -> str:
    """What names the environment of an instance: its repository, its `environment` or commit."""
    shared = instance.environment or instance.base_commit
    whole = "\0".join((instance.repo, shared, instance.setup_command or ""))
    return f"{_slug(instance.repo)}-{_slug(shared)[:24]}-{digest(whole.encode())[:12]}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:60].strip("-.") or "x"
