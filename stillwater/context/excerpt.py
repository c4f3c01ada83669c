"""Of a file too large for the prompt: the passages that matter most, whole."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from stillwater.context.facts import Passage, passages
from stillwater.context.signals import Look
from stillwater.estimate import tokens
from stillwater.prompt import Lines, ShownFile, lines_of

_FRAME = 30
"""About the tokens of a file's heading and end, and of a note of what is left out."""
_OF_FILE, _OF_PASSAGE, _OF_LENGTH = 0.7, 3.0, 0.5
"""What a file's score, a passage's share of the best and the logarithm of its length count."""


class Measured:
    """A file and about how many tokens its parts take in the prompt."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self._sums = [0, *accumulate(tokens(line + "\n") for line in lines_of(text))]

    @property
    def whole(self) -> int:
        """The tokens of the whole file."""
        return self._sums[-1] + _FRAME

    def of(self, first: int, last: int) -> int:
        """The tokens of these lines."""
        return self._sums[min(last, len(self._sums) - 1)] - self._sums[first - 1]

    def excerpt(self, shown: Sequence[Passage]) -> tuple[ShownFile, int]:
        """Just these passages, with the lines that open what is around them; and their tokens."""
        lines = [Lines(one.first, one.last) for one in shown]
        lines += [Lines(at, at) for one in shown for at in one.opened]
        joined = _joined(lines)
        size = sum(self.of(*part) for part in joined) + _FRAME * (len(joined) + 2)
        return ShownFile(self.path, self.text, tuple(joined)), size


@dataclass(frozen=True)
class Part:
    """A passage of a file, and how much it is worth showing."""

    worth: float
    path: str
    passage: Passage


def parts(look: Look, file: Measured, score: float) -> list[Part]:
    """The passages of a file of this score that have anything to do with the issue."""
    scored = [(_score(look, one), one) for one in passages(file.text)]
    best = max((value for value, _ in scored), default=0.0)
    found = []
    for value, one in scored:
        if value > 0:
            worth = _OF_FILE * score + _OF_PASSAGE * value / best
            worth -= _OF_LENGTH * math.log(file.of(one.first, one.last) + _FRAME)
            found.append(Part(worth, file.path, one))
    return found


def holds(shown: Sequence[Passage], one: Passage) -> bool:
    """Whether a passage is among, or inside, those shown."""
    return any(other.first <= one.first and one.last <= other.last for other in shown)


def _score(look: Look, one: Passage) -> float:
    score = look.passage_score(one.words, one.length, look.issue_words)
    score += look.passage_score(one.words, one.length, look.title_words)
    named = look.identifiers.get(one.name, 0.0)
    return score * (1 + named * (1.0 if one.owner in look.identifiers else 0.5))


def _joined(lines: Iterable[Lines]) -> list[Lines]:
    found: list[Lines] = []
    for part in sorted(lines):
        if found and part.first <= found[-1].last + 1:
            found[-1] = Lines(found[-1].first, max(found[-1].last, part.last))
        else:
            found.append(part)
    return found
