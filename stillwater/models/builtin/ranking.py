"""Which mutation to try: location, kind and code together, less what failed before."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from stillwater.edits.paths import is_protected
from stillwater.edits.syntax import parse
from stillwater.models.builtin.clues import Clues, gather
from stillwater.models.builtin.hints import kind_scores, name_scores
from stillwater.models.builtin.lessons import Lesson, lessons, losses
from stillwater.models.builtin.locating import locate
from stillwater.models.builtin.mutation import Mutation
from stillwater.models.builtin.mutations import of_unit
from stillwater.models.builtin.reading import Prompt
from stillwater.models.builtin.source import Source, Unit, units, words

_LINES = 700
_UNITS = 40
_MUTATIONS = 3000
_NEAR = 1.6  # what is said of a line, and of the names that come, by the fit that hints.py tells of
_BROUGHT = 1.5
_CROWD = 0.5  # how far a kind's odds are divided among the places of a unit where it could be


@dataclass(frozen=True)
class Ranked:
    """A mutation and its score."""

    mutation: Mutation
    score: float


@dataclass(frozen=True)
class _Odds:
    """What the clues say of each kind of mutation and of the names in it."""

    kinds: dict[str, float]
    names: dict[str, float]

    def of(self, mutation: Mutation) -> float:
        """The log-odds of a mutation's kind and names."""
        named = sum(self.names.get(name, 0.0) for name in mutation.names)
        return self.kinds.get(mutation.kind, 0.0) + named


def ranked(prompt: Prompt) -> list[Ranked]:
    """The mutations of all likely units, the likeliest first; tried ones are left out."""
    clues = gather(prompt)
    everywhere = [unit for source in _sources(prompt) for unit in units(source)]
    suspicion = locate(everywhere, clues)
    taught = lessons(prompt)
    odds = _Odds(kind_scores(clues), name_scores(clues))
    found: list[Ranked] = []
    for unit in _likely(everywhere, suspicion):
        found += _of_unit(unit, suspicion[unit], clues, odds, taught)
    return sorted(found, key=lambda one: (-round(one.score, 6), _place(one.mutation)))


def _sources(prompt: Prompt) -> Iterator[Source]:
    for file in prompt.files:
        if file.path.endswith(".py") and not is_protected(file.path):
            tree = parse(file.content)
            if tree is not None:
                yield Source(file.path, file.content, tree)


def _likely(everywhere: Sequence[Unit], suspicion: dict[Unit, float]) -> Iterator[Unit]:
    """The most suspect units, as many as can be searched in a fraction of a second."""
    order = sorted(everywhere, key=lambda u: (-round(suspicion[u], 6), u.source.path, u.lines))
    budget = _LINES
    for unit in order[:_UNITS]:
        size = unit.lines[1] - unit.lines[0] + 1
        if size <= budget:
            budget -= size
            yield unit


def _place(mutation: Mutation) -> tuple[str, int, tuple[tuple[int, int, str], ...], str]:
    return mutation.unit.source.path, mutation.line, mutation.edits, mutation.kind


def _of_unit(
    unit: Unit, suspicion: float, clues: Clues, odds: _Odds, taught: Sequence[Lesson]
) -> list[Ranked]:
    local: list[tuple[Mutation, float]] = []
    cache: dict[int, tuple[float, frozenset[str]]] = {}
    for mutation in islice(of_unit(unit, clues), _MUTATIONS):
        if mutation.line not in cache:
            cache[mutation.line] = _line(mutation, clues)
        near, there = cache[mutation.line]
        score = odds.of(mutation) - math.log(mutation.share) + mutation.bonus
        score += _NEAR * near + _BROUGHT * _brought(mutation, clues, there)
        local.append((mutation, score))
    if not local:
        return []
    sites: dict[str, float] = {}
    for mutation, _ in local:
        sites[mutation.kind] = sites.get(mutation.kind, 0.0) + 1.0 / mutation.share
    local = [(m, score - _CROWD * math.log(max(sites[m.kind], 1.0))) for m, score in local]
    mass = math.log(sum(math.exp(score) for _, score in local))
    against = [losses(unit, [m for m, _ in local], one) for one in taught]
    result = []
    for at, (mutation, score) in enumerate(local):
        penalty = [one[at] for one in against]
        if None not in penalty:
            total = suspicion + score - mass - sum(p for p in penalty if p is not None)
            result.append(Ranked(mutation, total))
    return result


def _line(mutation: Mutation, clues: Clues) -> tuple[float, frozenset[str]]:
    """What speaks for a line: a frame that ended there, words that were said; and its words."""
    source = mutation.unit.source
    there = frozenset(words(source.lines[mutation.line - 1]))
    said = math.fsum(clues.words.get(word, 0.0) for word in there)  # in any order the same
    score = 0.7 * said / (said + 1.5)
    for depth, (path, line) in enumerate(clues.frames[:3]):
        if path.endswith(source.path) or source.path.endswith(path):
            gap = abs(line - mutation.line)
            score += (1.2 if gap == 0 else 0.4 if gap <= 2 else 0.0) * 0.6**depth
    return score, there


def _brought(mutation: Mutation, clues: Clues, there: frozenset[str]) -> float:
    """Whether the names that the mutation brings in were spoken of."""
    fresh = {word for name in mutation.names for word in words(name)} - there
    said = math.fsum(clues.words.get(word, 0.0) for word in fresh)
    return 1.4 * said / (said + 0.8)
