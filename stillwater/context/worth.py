"""How likely each passage of the likeliest files is the one to change: its signals, weighted."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stillwater.context import clues
from stillwater.context.facts import Passage, passages
from stillwater.context.rank import Ranked
from stillwater.context.signals import Look

WEIGHTS: Mapping[str, float] = {
    "file": 0.75,
    "words": 1.15,
    "words in file": 1.2,
    "rank in file": -0.6,
    "title": 1.2,
    "named": 1.4,
    "frame": 0.55,
    "suspect": 3.0,
    "import": 0.95,
    "class": -1.9,
}
"""What each signal counts: fitted on every third instance, as `bench/localise.py --fit` does on all
that it is given, and rounded, but for suspects, which those instances don't have."""


@dataclass(frozen=True)
class Weighed:
    """A passage, its signals, and the logarithm of its chance, up to a constant."""

    path: str
    passage: Passage
    signals: Mapping[str, float]

    @property
    def likely(self) -> float:
        """The weighted sum of its signals."""
        return sum(WEIGHTS[name] * value for name, value in self.signals.items())


def weigh(look: Look, likely: Sequence[Ranked]) -> list[Weighed]:
    """Every passage of these files."""
    held = {one.path: passages(look.files.texts[one.path]) for one in likely}
    words = {path: _scores(look, found, look.issue_words) for path, found in held.items()}
    title = {path: _scores(look, found, look.title_words) for path, found in held.items()}
    most, most_title = (_best(map(_best, scores.values())) for scores in (words, title))
    texts = (look.query.issue, look.query.failing)
    ran = {frame.function for text in texts for frame in clues.frames(text)} - {""}
    found = []
    for file in likely:
        scores = words[file.path]
        best, ranks = _best(scores), _ranks(scores)
        for n, one in enumerate(held[file.path]):
            signals = {
                "file": file.score,
                "words": scores[n] / most,
                "words in file": scores[n] / best,
                "rank in file": math.log1p(ranks[n]),
                "title": title[file.path][n] / most_title,
                "named": look.identifiers.get(one.name, 0.0),
                "frame": float(one.name in ran),
                "suspect": look.query.suspects.get((file.path, one.first), 0.0),
                "import": float(one.kind == "import"),
                "class": float(one.kind == "class"),
            }
            found.append(Weighed(file.path, one, signals))
    return found


def _scores(look: Look, found: Sequence[Passage], asked: Mapping[str, float]) -> list[float]:
    return [look.passage_score(one.words, one.length, asked) for one in found]


def _best(scores: Iterator[float] | Sequence[float]) -> float:
    return max(scores, default=0.0) or 1.0


def _ranks(scores: Sequence[float]) -> list[int]:
    """How many of all are higher than each."""
    ordered = sorted(scores)
    return [len(scores) - bisect_right(ordered, score) for score in scores]
