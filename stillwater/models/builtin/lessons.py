"""What earlier attempts teach: that they failed, and by what changed, whether the place matters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.models.builtin.mutation import Mutation
from stillwater.models.builtin.reading import Attempt, Change, Prompt
from stillwater.models.builtin.source import Unit

_NONSENSE = frozenset(
    ("TypeError", "NameError", "AttributeError", "UnboundLocalError", "SyntaxError")
)


@dataclass(frozen=True)
class Lesson:
    """An earlier attempt, and what a mutation loses that touches the same unit or line.

    A change after which all fails as before was not where the failing tests go, or not what they
    see; one after which fewer fail was near; one that only crashed says nothing of its place.
    """

    attempt: Attempt
    unit: float
    line: float


def lessons(prompt: Prompt) -> list[Lesson]:
    """What the attempts of a prompt teach."""
    return [Lesson(one, *_losses(prompt.failing, one.result)) for one in prompt.attempts]


def _losses(before: str, after: str) -> tuple[float, float]:
    """What the unit and the line lose, in log-odds."""
    old, new = _errors(before), _errors(after)
    if not old or not new:
        return 0.3, 0.6
    if _failing(after) < _failing(before):
        return -0.6, -0.3
    if old == new:
        return 0.5, 1.2
    if {_kind(line) for line in new - old} & _NONSENSE - {_kind(line) for line in old}:
        return 0.0, 0.2
    return 0.15, 0.4


def _errors(text: str) -> frozenset[str]:
    found = re.findall(r"^E\s+(.*)$", text, re.M)
    return frozenset(re.sub(r"0x[0-9a-f]+", "", line) for line in found)


def _failing(text: str) -> int:
    """How many tests fail, as far as it is told."""
    more = re.search(r"^… and (\d{1,6}) more failing$", text, re.M)
    return len(re.findall(r"^FAILED ", text, re.M)) + (int(more[1]) if more else 0)


def _kind(line: str) -> str:
    return line.partition(":")[0].rpartition(".")[2].strip()


def losses(unit: Unit, mutations: Sequence[Mutation], lesson: Lesson) -> Sequence[float | None]:
    """What each mutation of a unit loses through an attempt; None for one that it was."""
    path = unit.source.path
    changes = [c for c in lesson.attempt.changes if c.path == path and _touches(unit, c)]
    if not changes:
        return [0.0] * len(mutations)
    same = [any(_is(mutation, change) for change in changes) for mutation in mutations]
    was = [m for m, s in zip(mutations, same, strict=True) if s]
    kinds = {mutation.kind for mutation in was}
    lines = {mutation.line for mutation in was}
    lines = lines or {line for c in changes for line in range(c.first, c.last + 1)}
    result: list[float | None] = []
    for mutation, tried in zip(mutations, same, strict=True):
        here, alike = mutation.line in lines, mutation.kind in kinds
        loss = lesson.unit + lesson.line * here + 0.5 * alike + 0.5 * (alike and here)
        result.append(None if tried else loss)
    return result


def _touches(unit: Unit, change: Change) -> bool:
    first, last = unit.lines
    return first - 1 <= change.last and change.first <= last + 1


def _is(mutation: Mutation, change: Change) -> bool:
    first, last = mutation.touched
    if change.first - 4 > last or first > change.last + 4:
        return False
    return mutation.difference() == (change.removed, change.added)
