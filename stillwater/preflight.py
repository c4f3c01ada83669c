"""What is checked before a run starts, so that a mistake costs a sentence and not a night."""

import re
import shlex
from collections.abc import Sequence

from stillwater.datasets import DatasetError, Instance
from stillwater.grading import parsers
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Job, Limits, Sandbox

_SHELL = re.compile(r"[()$;|&<>`!{}*?]")
"""What makes of a word more than the name of a program."""


def check_instances(instances: Sequence[Instance], repositories: Repositories) -> None:
    """Every instance says how to run its tests, and local repositories hold its commit.

    Raises:
        DatasetError: an instance without a test command.
        GradingError: a log parser that isn't there.
        RepositoryError: a local repository without the base commit.
    """
    for instance in instances:
        _check_runnable(instance)
    for parser, eval_type in {(one.log_parser, one.eval_type) for one in instances}:
        parsers.check(parser, eval_type)
    for instance in instances:
        if repositories.is_local(instance):
            repositories.ensure(instance)


def _check_runnable(instance: Instance) -> None:
    if instance.test_command:
        return
    needed = ("image", "eval_script", "log_parser")
    missing = [name for name in needed if not getattr(instance, name)]
    if len(missing) == len(needed) or "eval_script" in missing:
        raise DatasetError(
            f"{instance.instance_id}: nothing says how to run its tests: add test_command, or take "
            "its row from a dataset of SWE-bench's version 5, which has image, eval_script and "
            "log_parser"
        )
    if missing:
        raise DatasetError(
            f"{instance.instance_id}: its tests run by eval_script, but {' and '.join(missing)} "
            "is missing: add it, or test_command"
        )


def check_sandbox(instances: Sequence[Instance], kind: str) -> None:
    """Instances that bring an image need the sandbox that has images.

    Raises:
        DatasetError: one of them, and another sandbox than docker.
    """
    if kind == "docker":
        return
    for instance in instances:
        if instance.runs_in_image:
            raise DatasetError(
                f"{instance.instance_id} runs in the image {instance.image}, which the {kind} "
                "sandbox can't: start a Docker Engine (see `stillwater doctor`), or give the row "
                "test_command and setup_command"
            )


def check_test_commands(
    instances: Sequence[Instance], repositories: Repositories, sandbox: Sandbox
) -> None:
    """The program that each test command starts with exists in the sandbox.

    Instances with a setup_command are left out: what they run may only exist after it.

    Raises:
        DatasetError: a program that doesn't exist.
    """
    checked: set[str] = set()
    for instance in instances:
        word = program(instance.test_command or "")
        if instance.setup_command or word in checked or not word:
            continue
        if "/" in word or not repositories.is_local(instance):
            continue
        checked.add(word)
        store = repositories.ensure(instance)
        with repositories.tree(store, instance.base_commit, "check") as tree:
            command = f"command -v {shlex.quote(word)}"
            found = sandbox.run(Job(tree, command, label="check", limits=Limits(seconds=60)))
        if found.exit_code != 0:
            raise DatasetError(
                f"{instance.instance_id}: the test command {instance.test_command!r} can't run: "
                f"there is no program {word!r} in the {sandbox.kind} sandbox"
            )


def program(command: str) -> str:
    """The program that a shell command starts with, after its assignments; "" if unclear."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    for word in words:
        if "=" not in word.split("/")[0]:
            return "" if _SHELL.search(word) else word
    return ""
