"""Ranking a repository's files for an issue: the signals of each, weighted."""

from collections.abc import Mapping
from dataclasses import dataclass

from stillwater.context.clues import Query
from stillwater.context.files import Files
from stillwater.context.signals import Look, signals

WEIGHTS: Mapping[str, float] = {
    "title": 1.9,
    "titled": 1.3,
    "words": 1.0,
    "passage": 1.2,
    "passages": 1.7,
    "path": 2.1,
    "named": 0.2,
    "alone": 1.0,
    "frame": 0.2,
    "class": 0.85,
    "value": 0.75,
    "holds": 0.3,
    "phrase": 0.5,
    "neighbour": 1.0,
    "package": -0.5,
    "tests' frame": 3.0,
    "tests' import": 1.5,
    "tests' name": 1.0,
    "suspect": 3.0,
}
"""What each signal counts: fitted by `bench/localise.py --fit` and rounded, but for the tests' and
the suspects'."""
_TOLD = 0.05


@dataclass(frozen=True)
class Ranked:
    """A file's score and reasons, the strongest first."""

    path: str
    score: float
    why: tuple[str, ...]


def rank(query: Query, files: Files) -> tuple[list[Ranked], Look]:
    """All candidates, best first, and what was looked at."""
    look = signals(query, files)
    found = []
    for path, held in look.found.items():
        parts = [(WEIGHTS[name] * why.value, why.told) for name, why in held.items()]
        told = sorted((one for one in parts if abs(one[0]) >= _TOLD), key=lambda one: -one[0])
        why = tuple(f"{told} {score:+.2f}" for score, told in told)
        found.append(Ranked(path, sum(score for score, _ in parts), why))
    found.sort(key=lambda one: (-round(one.score, 9), one.path))
    return found, look
