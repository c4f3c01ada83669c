"""Snippets instead of files: what a usual retrieval shows. For comparison, not for repairing."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from stillwater.context.choose import Choice, Chosen, candidates
from stillwater.context.clues import Query
from stillwater.context.words import counted
from stillwater.edits.source import Source, source_of
from stillwater.estimate import tokens
from stillwater.prompt import Lines, lines_of

SIZE = 1000
"""Characters of a snippet."""
COUNT = 8
_K1, _B = 1.2, 0.75


def choose_snippets(query: Query, sources: Source | Mapping[str, str]) -> Choice:
    """The best snippets of all files by BM25 over the issue's words, as parts of their files."""
    files = candidates(source_of(sources))
    pieces = [
        (path, part, counted(_text(text, part)))
        for path, text in files.texts.items()
        for part in _cut(text)
    ]
    if not pieces:
        return Choice((), (), "the repository has no Python files outside its tests")
    asked = {*counted(query.issue), *counted(query.failing)}
    having = Counter(word for _, _, words in pieces for word in words if word in asked)
    mean = sum(sum(words.values()) for *_, words in pieces) / len(pieces) or 1.0

    def score(words: Mapping[str, int]) -> float:
        norm = _K1 * (1 - _B + _B * sum(words.values()) / mean)
        return sum(
            math.log(1 + (len(pieces) - having[word] + 0.5) / (having[word] + 0.5))
            * words[word] * (_K1 + 1) / (words[word] + norm)
            for word in asked & words.keys()
        )  # fmt: skip

    scored = [(score(words), path, part) for path, part, words in pieces]
    best = sorted(scored, key=lambda one: (-round(one[0], 9), one[1], one[2]))[:COUNT]
    chosen = []
    for path in dict.fromkeys(path for _, path, _ in best):
        parts = sorted(part for _, one, part in best if one == path)
        size = sum(tokens(_text(files.texts[path], part)) for part in parts)
        highest = max(value for value, one, _ in best if one == path)
        chosen.append(Chosen(path, round(highest, 6), ("snippets",), size, tuple(parts)))
    return Choice(tuple(chosen), ())


def _cut(text: str) -> Iterator[Lines]:
    """Runs of lines of about SIZE characters."""
    first, size = 1, 0
    lines = lines_of(text)
    for n, line in enumerate(lines, 1):
        size += len(line) + 1
        if size >= SIZE or n == len(lines):
            yield Lines(first, n)
            first, size = n + 1, 0


def _text(text: str, part: Lines) -> str:
    return "\n".join(lines_of(text)[part.first - 1 : part.last])
