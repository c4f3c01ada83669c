"""Ranking a repository's files for an issue, and packing whole files into a budget."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rank_bm25 import BM25Okapi

from stillwater.context import clues
from stillwater.context.clues import Query
from stillwater.context.files import Files, is_candidate
from stillwater.context.words import pieces, words
from stillwater.edits.source import Source, source_of
from stillwater.prompt import ShownFile, file_section

CHARACTERS_A_TOKEN = 3.2
"""Low for code with line numbers, so that an estimate is rather too high than too low."""

_PATH_REPEATS = 4
_QUERY_WORDS = 400
_MOST_SKIPPED = 20
_NAMED = 2.0
_MODULE = 1.0
_FRAME = 1.5
_DEFINES = 0.5
_MOST_DEFINES = 1.5
_IMPORTED = 0.8
_WORTH = 0.1
"""What a file must score at least, if any does: less is chance, and costs the prompt's time."""


@dataclass(frozen=True)
class Chosen:
    """A file that the model will read: its rank's score and reasons, and its estimated tokens."""

    path: str
    score: float
    why: tuple[str, ...]
    tokens: int


@dataclass(frozen=True)
class Skipped:
    """A file that ranks as high as one chosen, and why it was left out."""

    path: str
    tokens: int
    why: str


@dataclass(frozen=True)
class Choice:
    """The files chosen, best first, and those skipped; `problem` says why there are none."""

    files: tuple[Chosen, ...]
    skipped: tuple[Skipped, ...]
    problem: str | None = None


@dataclass
class _Ranked:
    path: str
    score: float = 0.0
    why: list[str] = field(default_factory=list)


def choose(
    query: Query, sources: Source | Mapping[str, str], budget: int, *, max_files: int = 6
) -> Choice:
    """At most `max_files` whole files, by rank, that together fit `budget` tokens.

    Files that don't fit are skipped, and the next are tried. Tests, documentation and vendored
    packages are never chosen. The same arguments always give the same choice.
    """
    source = source_of(sources)
    wanted = sorted(path for path in set(source.paths()) if is_candidate(path))
    read = ((path, source.read(path)) for path in wanted)
    texts = {path: text for path, text in read if text and text.strip()}
    if not texts:
        return Choice((), (), "the repository has no Python files outside its tests")
    return _pack(_rank(query, Files(texts), source), texts, budget, max_files)


def tokens(path: str, text: str) -> int:
    """About how many tokens the file takes in the prompt, rather too many than too few."""
    return math.ceil(len(file_section(ShownFile(path, text))) / CHARACTERS_A_TOKEN)


def _pack(
    ranked: Sequence[_Ranked], texts: Mapping[str, str], budget: int, max_files: int
) -> Choice:
    files: list[Chosen] = []
    skipped: list[Skipped] = []
    left = budget
    for one in ranked:
        if len(files) >= max_files or (files and one.score < _WORTH):
            break
        size = math.ceil(len(texts[one.path]) / CHARACTERS_A_TOKEN)
        if size <= left:
            size = tokens(one.path, texts[one.path])
        if size > left:
            why = f"does not fit the {left} tokens left of {budget}"
            skipped.append(Skipped(one.path, size, why))
            continue
        files.append(Chosen(one.path, round(one.score, 6), tuple(one.why), size))
        left -= size
    problem = None
    if not files:
        smallest = min(tokens(path, text) for path, text in texts.items())
        problem = f"none of {len(texts)} files fits {budget} tokens; the smallest takes {smallest}"
    return Choice(tuple(files), tuple(skipped[:_MOST_SKIPPED]), problem)


def _rank(query: Query, files: Files, source: Source) -> list[_Ranked]:
    found = {path: _Ranked(path) for path in files.texts}
    for path, score in _by_words(query, files):
        found[path].score += score
        if score > 0:
            found[path].why.append(f"words {score:.2f}")
    for path, score, why in _by_clues(query, files, source):
        found[path].score += score
        if why not in found[path].why:
            found[path].why.append(why)
    return sorted(found.values(), key=lambda one: (-round(one.score, 9), one.path))


def _by_words(query: Query, files: Files) -> Iterator[tuple[str, float]]:
    """BM25 over split identifiers, the path's counted several times; 1 for the best."""
    asked = [*words(query.issue), *words(query.failing)]
    if not asked:
        return
    corpus = [
        [*words(text), *(words(path.removesuffix(".py")) * _PATH_REPEATS)]
        for path, text in files.texts.items()
    ]
    # rank_bm25 divides by the number of different words.
    if not any(corpus):
        return
    scores = BM25Okapi(corpus).get_scores(list(dict.fromkeys(asked))[:_QUERY_WORDS])
    best = max(float(one) for one in scores)
    for path, score in zip(files.texts, scores, strict=True):
        yield path, max(0.0, float(score) / best) if best > 0 else 0.0


def _by_clues(query: Query, files: Files, source: Source) -> Iterator[tuple[str, float, str]]:
    for stated in clues.paths(query.issue):
        for path in files.named(stated):
            yield path, _NAMED, "named in the issue"
    held: dict[str, str] = {}
    for name in clues.dotted(query.issue):
        if home := files.module(name):
            held.setdefault(home, name)
    for path, name in held.items():
        yield path, _MODULE, f"holds {name}"
    for where, text in (("issue's", query.issue), ("tests'", query.failing)):
        known = [(f, files.named(f.path)) for f in clues.frames(text)]
        inside = [(frame, paths) for frame, paths in known if len(paths) == 1]
        for rank, (_, paths) in enumerate(inside[:8]):
            yield paths[0], _FRAME / (rank + 1), f"in the {where} traceback"
    yield from _defining(query, files)
    yield from _imported(query, files, source)


def _defining(query: Query, files: Files) -> Iterator[tuple[str, float, str]]:
    """Definitions of the identifiers that the issue names; the rarer, the more they count."""
    sums: dict[str, float] = {}
    by: dict[str, list[str]] = {}
    said = clues.identifiers(query.issue)
    for name, weight in sorted(said.items()):
        places = files.defining.get(name, [])
        for path in places:
            sums[path] = sums.get(path, 0.0) + _DEFINES * weight / len(places)
            by.setdefault(path, []).append(name)
    for path, score in sums.items():
        few = sorted(by[path], key=lambda name: (len(files.defining[name]), name))[:4]
        yield path, min(score, _MOST_DEFINES), f"defines {', '.join(few)}"


def _imported(query: Query, files: Files, source: Source) -> Iterator[tuple[str, float, str]]:
    """What the failing tests import: more where the failure speaks of the name taken."""
    named = [path for path in clues.paths(query.failing) if not is_candidate(path)]
    texts = [*query.tests, *(text for path in named if (text := source.read(path)))]
    asked = {piece for name in clues.identifiers(query.failing) for piece in pieces(name)}
    seen: dict[str, float] = {}
    for text in texts[:4]:
        for module, name in clues.imported(text):
            home = files.by_module.get(f"{module}.{name}") or files.by_module.get(module)
            homes = files.defining.get(name, [])
            # A package often only passes on what another file defines.
            if home and home.endswith("__init__.py") and len(homes) == 1:
                home = homes[0]
            if home:
                near = _IMPORTED if set(pieces(name)) & asked else _IMPORTED / 2
                seen[home] = max(seen.get(home, 0.0), near)
    for path, score in seen.items():
        yield path, score, "imported by the failing tests"
