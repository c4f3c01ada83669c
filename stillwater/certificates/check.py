"""Running a certificate's tests again, with its repository and without any database.

What READ and TEST do is done here once more: the tests without the patch, then with it, each in a
fresh sandbox, judged as strictly.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stillwater import worktree
from stillwater.canonical import Json, digest
from stillwater.certificates.patches import forbidden
from stillwater.certificates.reading import Certificate
from stillwater.config import Config
from stillwater.datasets import Instance
from stillwater.errors import InputError
from stillwater.git import RepositoryError
from stillwater.grading import PASSING, judge
from stillwater.machine import Event, State
from stillwater.snapshot import Outcome, Past, Snapshot
from stillwater.steps.read import why_invalid
from stillwater.steps.test import test
from stillwater.steps.tools import TestRun, Tools, run_tests

REMOTE = re.compile(r"(?:https?|git)://\S+|bundled:[a-z_]+")
"""What a stranger may name as a repository: nothing of this machine's, nothing by its keys."""
OWN = "own/"
"""How `fix` names the repository of a person's own work tree."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Verdict:
    """Whether the certificate holds here, and why, in one sentence.

    `image` is the digest of the image that the tests ran in here, if they ran in one.
    """

    holds: bool
    why: str
    image: str | None = None


def located(certificate: Certificate, repo: str | None, home: Path) -> Instance:
    """The instance with the repository to take: `repo`, or the one that the certificate names.

    Raises:
        InputError: it names one that has to be given, or `repo` is not the work tree it is about.
    """
    instance = certificate.instance
    # Nothing that other runs share may be made by a stranger's setup_command.
    environment = f"certificate-{certificate.facts.sha256[:16]}"
    if repo is None:
        url = certificate.facts.repository or ""
        if not REMOTE.fullmatch(url) and not instance.runs_in_image:
            named = f"{url!r}, which is none for strangers" if url else "none"
            raise InputError(f"as its repository the certificate names {named}: give --repo")
    elif instance.repo.startswith(OWN) and Path(repo).is_dir():
        url = _own(instance, Path(repo), home)
    else:
        url = repo
    return instance.model_copy(update={"repo_url": url, "environment": environment})


def _own(instance: Instance, repo: Path, home: Path) -> str:
    frozen = worktree.freeze(repo, home / "own")
    if frozen.commit != instance.base_commit:
        names = worktree.untracked(frozen.top)
        there = f" (untracked in it: {_named(names)})" if names else ""
        raise InputError(
            f"{repo}: its work tree is not the one that was repaired: bring it to the state before "
            "the patch, uncommitted and untracked files included, and move away those that came "
            f"later{there}"
        )
    return str(frozen.store)


def check(certificate: Certificate, instance: Instance, tools: Tools, settings: Config) -> Verdict:
    """Run the tests without and with the patch.

    Raises:
        InputError: the repository hasn't got the commit, or the tests can't be read.
        SetupError: setup_command fails.
        WorldError: the sandbox, the network or the disk failed: nothing is decided.
    """
    patch = certificate.facts.patch
    why = forbidden(patch, instance.test_patch)
    if why is not None:
        return Verdict(False, why)
    snapshot = Snapshot(
        "verify", 0, "verify", instance, settings.model_copy(update={"feedback": "tests"}),
        State.READ, 1, "",
    )  # fmt: skip
    baseline = run_tests(snapshot, tools, patch="")
    why = why_invalid(instance, baseline) or _already(certificate, instance, baseline)
    if why is not None:
        return Verdict(False, why, baseline.execution.image)
    why = _unfit(instance, tools, patch)
    if why is not None:
        return Verdict(False, why, baseline.execution.image)
    outcome = test(_in_test(snapshot, baseline, patch), tools)
    return Verdict(
        outcome.event is Event.PASSED, _told(instance, baseline, outcome), baseline.execution.image
    )


def _already(certificate: Certificate, instance: Instance, baseline: TestRun) -> str | None:
    """Why the tests without the patch aren't what they were when it was certified."""
    failing = judge(baseline.reading, instance.FAIL_TO_PASS, ()).failing
    before = certificate.facts.tests.before
    failed = [one for one in instance.FAIL_TO_PASS if before.get(one) not in PASSING]
    passing = [one for one in failed if one not in failing]
    if passing:
        return f"without the patch {_named(passing)} should fail, and passes here"
    return None


def _unfit(instance: Instance, tools: Tools, patch: str) -> str | None:
    if instance.runs_in_image:
        return None
    store = tools.repositories.ensure(instance)
    try:
        with tools.repositories.tree(store, instance.base_commit, "fits", {"the patch": patch}):
            return None
    except RepositoryError as error:
        return str(error)


def _in_test(snapshot: Snapshot, baseline: TestRun, patch: str) -> Snapshot:
    """What TEST is given: how long the tests took before, and the patch that was applied."""
    name = digest(patch.encode())
    took: dict[str, Json] = {"baseline": baseline.measured}
    past = (
        Past(1, State.READ, Event.READ, State.GENERATE, 1, took),
        Past(2, State.APPLY, Event.APPLIED, State.TEST, 1, {"artifacts": {"patch": name}}),
    )
    return replace(snapshot, state=State.TEST, past=past, blobs={name: patch.encode()})


def _told(instance: Instance, baseline: TestRun, outcome: Outcome) -> str:
    count = len(instance.FAIL_TO_PASS)
    failed = len(judge(baseline.reading, instance.FAIL_TO_PASS, ()).failing)
    if outcome.event is Event.PASSED:
        rest = len(instance.PASS_TO_PASS)
        return (
            f"without the patch {failed} of {count} FAIL_TO_PASS failed; with it all {count} pass, "
            f"and of {rest} PASS_TO_PASS none broke"
        )
    problem = outcome.evidence.get("problem")
    if problem:
        return f"with the patch, {problem}"
    broken = [*_failed(outcome, "fail_to_pass"), *_failed(outcome, "pass_to_pass")]
    return f"with the patch {_named(broken)} should pass, and doesn't here"


def _failed(outcome: Outcome, name: str) -> list[str]:
    judged = outcome.evidence.get(name)
    failed = judged.get("failed") if isinstance(judged, Mapping) else None
    return [str(one) for one in failed] if isinstance(failed, list) else []


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
