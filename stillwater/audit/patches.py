"""Patches follow from edits: each answer's edits are applied to the base files again."""

from collections.abc import Mapping
from contextlib import nullcontext

from stillwater.audit.bases import Bases, NotCached
from stillwater.audit.past import Case
from stillwater.canonical import digest
from stillwater.edits import normalised
from stillwater.machine import Event
from stillwater.models.protocol import Completion, Request
from stillwater.repository import touched
from stillwater.sandbox.protocol import Execution, Job, Setup
from stillwater.steps.apply import apply, own_words
from stillwater.steps.tools import Tools


def check(case: Case, bases: Bases) -> str | None:
    """Apply the edits again; why that can't be done, or None. Raises Broken."""
    if case.now.event is Event.APPLIED:
        _require_patch_as_told(case)
    try:
        found = apply(case.given, Tools(bases, _Nothing(), _Nothing(), nullcontext()))
    except NotCached as error:
        return str(error)
    if found.event is not case.now.event:
        problem = found.evidence.get("problem")
        why = f": {problem}" if problem else ""
        raise case.broken(f"it says {case.now.event.value}, but its edits are {found.event}{why}")
    patches = {name: one.sha256 for name, one in found.artifacts.items()}
    if patches != dict(case.now.artifacts):
        raise case.broken("its patch doesn't follow from its edits and the base files")
    for name, value in {**case.facts, **found.evidence}.items():
        now, then = found.evidence.get(name), case.facts.get(name)
        if name == "problem":
            now, then = own_words(str(now)), own_words(str(then))
        if name not in case.facts or then != now:
            raise case.broken(
                f"its {name} should be {found.evidence.get(name)!r:.200}: {value!r:.80}"
            )
    return None


def _require_patch_as_told(case: Case) -> None:
    """What can be seen without the base files: which files the patch changes, and its essence."""
    patch = case.text("patch")
    if case.facts.get("essence") != digest(normalised(patch).encode("utf-8", "replace")):
        raise case.broken("the essence it names is not its patch's")
    changed, told = set(touched(patch)), case.facts.get("changed")
    # Names with quotes or control characters stand in a patch otherwise than they are.
    plain = not any("\\" in path for path in changed)
    if plain and (not isinstance(told, list) or changed != set(told)):
        raise case.broken("its patch changes other files than those it names")


class _Nothing:
    """In place of a sandbox and of models, which APPLY has no use for."""

    kind = "none"

    def walls(self) -> Mapping[str, str]:
        raise NotImplementedError

    def prepare(self, setup: Setup) -> str:
        raise NotImplementedError

    def fetch(self, image: str) -> None:
        raise NotImplementedError

    def run(self, job: Job) -> Execution:
        raise NotImplementedError

    def cancel(self) -> None:
        raise NotImplementedError

    def reap(self) -> int:
        raise NotImplementedError

    def complete(self, request: Request) -> Completion:
        raise NotImplementedError
