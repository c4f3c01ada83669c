"""Choosing what the model reads: files by rank, packed into a budget, whole where they fit."""

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from stillwater.context import clues
from stillwater.context.clues import Query
from stillwater.context.excerpt import FRAME, Measured, holds
from stillwater.context.facts import Passage
from stillwater.context.files import Files, is_candidate, packages
from stillwater.context.rank import Ranked, rank
from stillwater.context.signals import Look
from stillwater.context.worth import Weighed, weigh
from stillwater.edits.source import Source, source_of
from stillwater.prompt import Lines, ShownFile

_MOST_SKIPPED = 10
_MOST_TESTS = 4
_WORTH = 0.25
"""What share of the best file's score a file must have: less is chance, and costs time."""
_FOR_PARTS = 0.8
"""What share of the budget the best passages may take, before whole files take the rest."""


@dataclass(frozen=True)
class Chosen:
    """A file that the model will read: its rank's score and reasons, and its estimated tokens.

    `lines` are those shown, None where all are.
    """

    path: str
    score: float
    why: tuple[str, ...]
    tokens: int
    lines: tuple[Lines, ...] | None = None


@dataclass(frozen=True)
class Skipped:
    """A file that ranks as high as one chosen, and why it was left out."""

    path: str
    tokens: int
    why: str


@dataclass(frozen=True)
class Choice:
    """The files chosen, best first, and those skipped; `problem` says why there are none.

    `suspects` are those of the query, by their file and first line, as far as their files are
    likely: the one that both the tests and the issue speak for first.
    """

    files: tuple[Chosen, ...]
    skipped: tuple[Skipped, ...]
    problem: str | None = None
    suspects: tuple[tuple[str, int], ...] = ()


def choose(
    query: Query, sources: Source | Mapping[str, str], budget: int, *, max_files: int = 10
) -> Choice:
    """At most `max_files` files, by rank, that together fit `budget` tokens.

    First come the passages of these files that are likeliest to change, for their tokens; then
    whole files, by rank, where they fit beside them; then more passages. What fits neither way is
    skipped, and the next is tried. Tests, documentation and vendored packages are
    never chosen. The same arguments always give the same choice.
    """
    source = source_of(sources)
    files = candidates(source)
    if not files.texts:
        return Choice((), (), "the repository has no Python files outside its tests")
    ranked, look = rank(_with_tests(query, source, files.packages), files)
    return pack(ranked, look, budget, max_files)


def candidates(source: Source) -> Files:
    """The files of the source that can be chosen, with what they hold."""
    known = packages(source.paths())
    wanted = sorted(path for path in set(source.paths()) if is_candidate(path, known))
    read = ((path, source.read(path)) for path in wanted)
    return Files({path: text for path, text in read if text and text.strip()}, known)


def _with_tests(query: Query, source: Source, known: Container[str]) -> Query:
    named = [path for path in clues.paths(query.failing) if not is_candidate(path, known)]
    texts = [*query.tests, *(text for path in named if (text := source.read(path)))]
    return replace(query, tests=tuple(texts[:_MOST_TESTS]))


def tokens(path: str, text: str) -> int:
    """About how many tokens the file takes in the prompt, rather too many than too few."""
    return Measured(path, text).whole


def pack(ranked: list[Ranked], look: Look, budget: int, max_files: int) -> Choice:
    """What `choose` gives for files that are ranked already."""
    first = ranked[0].score
    likely = [one for one in ranked if one is ranked[0] or one.score >= _WORTH * first]
    packing = _Packing(look, budget, likely[:max_files])
    packing.add_parts(_FOR_PARTS * budget)
    for one in likely[: max_files + _MOST_SKIPPED]:
        if one.path in packing.shown or len(packing.shown) < max_files:
            packing.add_whole(one.path)
    packing.add_parts(budget)
    files = [
        Chosen(one.path, round(one.score, 6), one.why, packing.size(one.path), shown.lines)
        for one in likely
        if (shown := packing.shown.get(one.path))
    ]
    texts = look.files.texts
    left = budget - packing.taken
    skipped = [
        Skipped(one.path, tokens(one.path, texts[one.path]), f"does not fit the {left} tokens left")
        for one in likely[: max_files + _MOST_SKIPPED]
        if one.path not in packing.shown
    ]
    problem = None
    if not files:
        smallest = min(tokens(path, text) for path, text in texts.items())
        problem = (
            f"none of {len(texts)} files fits {budget} tokens, the smallest takes {smallest}: "
            "raise num_ctx"
        )
    return Choice(tuple(files), tuple(skipped[:_MOST_SKIPPED]), problem, packing.suspects)


def _suspects(query: Query, weighed: list[Weighed]) -> tuple[tuple[str, int], ...]:
    chances = {(one.path, one.passage.first): one.likely for one in weighed}
    known = [one for one in query.suspects if one in chances]
    return tuple(sorted(known, key=lambda one: (-round(chances[one], 9), one)))


class _Packing:
    """Files on their way into the budget, each by the passages that are shown of it, or whole."""

    def __init__(self, look: Look, budget: int, likely: list[Ranked]) -> None:
        self._texts, self._budget = look.files.texts, budget
        self._measured: dict[str, Measured] = {}
        self._passages: dict[str, list[Passage]] = {}
        weighed = weigh(look, likely)
        self.suspects = _suspects(look.query, weighed)
        self._parts = sorted(weighed, key=self._by_worth)
        self._sizes: dict[str, int] = {}
        self.shown: dict[str, ShownFile] = {}

    @property
    def taken(self) -> int:
        """The tokens of what is shown so far."""
        return sum(self._sizes.values())

    def size(self, path: str) -> int:
        """The tokens of the file as it is shown."""
        return self._sizes[path]

    def add_parts(self, limit: float) -> None:
        """The most worthy passages, as long as all that is shown stays within `limit` tokens.

        A file whose passages would take as many tokens as the whole is shown whole.
        """
        for part in self._parts:
            had, file = self._passages.get(part.path, []), self._measure(part.path)
            if self.taken + file.of(part.passage.first, part.passage.last) > limit:
                continue
            whole = part.path in self.shown and self.shown[part.path].lines is None
            if not whole and not holds(had, part.passage):
                together = [*had, part.passage]
                if self._put(min(file.excerpt(together), file.all, key=lambda it: it[1]), limit):
                    self._passages[part.path] = together

    def add_whole(self, path: str) -> None:
        """The whole file, if it fits beside the others."""
        self._put(self._measure(path).all, self._budget)

    def _by_worth(self, one: Weighed) -> tuple[float, str, int]:
        """A passage's chance for its tokens: the best first."""
        size = self._measure(one.path).of(one.passage.first, one.passage.last)
        worth = one.likely - math.log(size + FRAME)
        return -round(worth, 9), one.path, one.passage.first

    def _measure(self, path: str) -> Measured:
        if path not in self._measured:
            self._measured[path] = Measured(path, self._texts[path])
        return self._measured[path]

    def _put(self, measured: tuple[ShownFile, int], limit: float) -> bool:
        file, size = measured
        if self.taken - self._sizes.get(file.path, 0) + size > limit:
            return False
        self.shown[file.path], self._sizes[file.path] = file, size
        return True
