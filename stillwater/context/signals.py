"""What speaks for a file: each signal by its name, between 0 and about 1, and why."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stillwater.context import clues
from stillwater.context.clues import Query
from stillwater.context.facts import passages
from stillwater.context.files import Files, is_candidate
from stillwater.context.words import counted
from stillwater.edits.paths import is_test

_K1, _B = 1.2, 0.75
"""BM25's constants: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009."""
_PASSAGE_B, _PASSAGE_LENGTH = 0.6, 120
_PATH_COUNTS = 4
_FAILING_COUNTS = 0.5
_LOOKED_INTO = 60
_BEST_PASSAGES = 4
_NEIGHBOURS_OF = 12
_MOST_PHRASE = 1.5
_FIRST_LOOK = {"words": 1.0, "title": 0.3, "named": 1.5, "class": 0.5, "phrase": 0.5, "path": 0.3}
_FIRST_LOOK |= {"tests' frame": 2.0, "tests' import": 1.0, "tests' name": 1.0, "frame": 1.0}


class Why(NamedTuple):
    """One signal of one file."""

    value: float
    told: str


Signals = dict[str, Why]


@dataclass
class Look:
    """One query's look at one repository: the weights of its words, and what was found so far."""

    query: Query
    files: Files
    found: dict[str, Signals] = field(init=False)

    def __post_init__(self) -> None:
        self.found = {path: {} for path in self.files.texts}
        self.issue = clues.told(self.query.issue)
        self.title = clues.title(self.issue)
        self.identifiers = clues.identifiers(self.issue)
        self._in_path = {path: counted(path.removesuffix(".py")) for path in self.found}
        self._files_with: Counter[str] = Counter()
        for held in self.files.facts.values():
            self._files_with.update(held.words.keys())
        total = sum(held.length for held in self.files.facts.values())
        self._mean_length = total / max(1, len(self.found)) or 1.0
        self.title_words = self._weighted(counted(self.title))
        self.issue_words = self._weighted(counted(self.issue), counted(self.query.failing))

    def add(self, path: str, name: str, value: float, told: str) -> None:
        """This signal of this file, unless it has a stronger one of that name."""
        had = self.found[path].get(name)
        if value > 0 and (had is None or value > had.value):
            self.found[path][name] = Why(value, told)

    def rarity(self, word: str) -> float:
        """BM25's inverse document frequency."""
        having = self._files_with[word]
        return math.log(1 + (len(self.found) - having + 0.5) / (having + 0.5))

    def _weighted(
        self, words: Mapping[str, int], failing: Mapping[str, int] | None = None
    ) -> dict[str, float]:
        counts = {word: 1 + math.log(count) for word, count in words.items()}
        for word in failing or ():
            counts.setdefault(word, _FAILING_COUNTS)
        return {w: c * self.rarity(w) for w, c in counts.items() if self._files_with[w]}

    def by_words(self, name: str, words: Mapping[str, float]) -> None:
        """BM25 over split identifiers, the path's counted several times; 1 for the best."""
        scores: dict[str, float] = {}
        for path, held in self.files.facts.items():
            norm = _K1 * (1 - _B + _B * held.length / self._mean_length)
            in_path, score = self._in_path[path], 0.0
            for word, weight in words.items():
                count = held.words.get(word, 0) + _PATH_COUNTS * in_path.get(word, 0)
                if count:
                    score += weight * count * (_K1 + 1) / (count + norm)
            scores[path] = score
        for path, score in _of_the_best(scores):
            self.add(path, name, score, name)

    def by_path(self) -> None:
        """The share of the path's words that the issue says, weighted by rarity."""
        having = Counter(word for words in self._in_path.values() for word in words)
        said = counted(self.issue)
        for path, words in self._in_path.items():
            rarity = {word: math.log(1 + len(self.found) / having[word]) for word in words}
            if total := sum(rarity.values()):
                share = sum(value for word, value in rarity.items() if word in said) / total
                self.add(path, "path", share, "words of its path")

    def by_names(self) -> None:
        """Paths, modules, frames and identifiers of the issue, phrases that the file holds."""
        stated = [self.files.named(path) for path in clues.paths(self.issue)]
        for paths in stated:
            for path in paths:
                self.add(path, "named", 1 / len(paths), "named in the issue")
        only = {path for paths in stated for path in paths}
        for path in only:
            self.add(path, "alone", 1 / len(only), "hardly another is named")
        own = [frame for frame in clues.frames(self.issue) if not is_test(frame.path)]
        self._by_frames("frame", "issue's", own)
        self._by_definitions()
        for phrase in clues.phrases(self.issue):
            holding = [path for path, text in self.files.texts.items() if phrase in text]
            for path in holding:
                had = self.found[path].get("phrase", Why(0.0, ""))
                value = min(_MOST_PHRASE, had.value + 1 / len(holding))
                self.add(path, "phrase", value, f"holds {phrase!r}")

    def _by_frames(self, name: str, whose: str, frames: Iterable[clues.Frame]) -> None:
        known = (self.files.named(frame.path) for frame in frames)
        inside = dict.fromkeys(paths[0] for paths in known if len(paths) == 1)
        for rank, path in enumerate(inside):
            self.add(path, name, 1 / (rank + 1), f"in the {whose} traceback")

    def _by_definitions(self) -> None:
        """Definitions of the identifiers that the issue names: the fewer there are, the more."""
        for kind, table in (("class", self.files.classes), ("value", self.files.assigned)):
            sums, by = defaultdict[str, float](float), defaultdict[str, list[str]](list)
            for name, weight in sorted(self.identifiers.items()):
                for path in table.get(name, ()):
                    sums[path] += weight / len(table[name])
                    by[path].append(name)
            for path, total in sums.items():
                few = sorted(by[path], key=lambda name: (len(table[name]), name))[:4]
                self.add(path, kind, math.log1p(total), f"defines {', '.join(few)}")

    def by_tests(self) -> None:
        """Where failing tests lead: their tracebacks, what they import, how they are called."""
        failing = self.query.failing
        known = self.files.packages
        own = [frame for frame in clues.frames(failing) if is_candidate(frame.path, known)]
        self._by_frames("tests' frame", "tests'", own)
        about = [path for path in clues.paths(failing) if not is_candidate(path, known)]
        for path in about:
            for name in _names_of_tested(path):
                homes = self.files.by_name.get(name, [])
                for home in homes:
                    self.add(home, "tests' name", 1 / len(homes), f"tested by {path}")
        asked = {word for name in clues.identifiers(failing) for word in counted(name)}
        for text in self.query.tests:
            for module, name in clues.imported(text):
                if taken := self._home(module, name):
                    near = 1.0 if asked.intersection(counted(name)) else 0.5
                    self.add(taken, "tests' import", near, "imported by the failing tests")

        for (path, _), score in self.query.suspects.items():
            if path in self.found:
                self.add(path, "suspect", score, "called by the failing tests")

    def _home(self, module: str, name: str) -> str | None:
        home = self.files.by_module.get(f"{module}.{name}") or self.files.by_module.get(module)
        homes = self.files.defining(name)
        # A package often only passes on what another file defines.
        if home and home.endswith("__init__.py") and len(homes) == 1:
            return homes[0]
        return home

    def by_passages(self, paths: Iterable[str]) -> None:
        """The same words in single functions: the best one's, the best few's, the title's."""
        best, few, title = dict[str, float](), dict[str, float](), dict[str, float]()
        label = dict[str, str]()
        for path in paths:
            scored = sorted(self.scored_passages(path), reverse=True)[:_BEST_PASSAGES]
            if scored:
                best[path], label[path] = scored[0]
                few[path] = sum(score for score, _ in scored)
                title[path] = max(
                    self.passage_score(one.words, one.length, self.title_words)
                    for one in passages(self.files.texts[path])
                )
            self._by_named_passages(path)
        for name, scores in (("passage", best), ("passages", few), ("titled", title)):
            for path, score in _of_the_best(scores):
                self.add(path, name, score, f"{name} such as {label[path]}")

    def scored_passages(self, path: str) -> Iterator[tuple[float, str]]:
        """Each function of the file with how well it goes with the issue."""
        for one in passages(self.files.texts[path]):
            yield self.passage_score(one.words, one.length, self.issue_words), one.label

    def passage_score(
        self, words: Mapping[str, int], length: int, asked: Mapping[str, float]
    ) -> float:
        """BM25 of one function, against a length that most functions have."""
        norm = _K1 * (1 - _PASSAGE_B + _PASSAGE_B * length / _PASSAGE_LENGTH)
        if len(words) > len(asked):
            common = [(word, words[word]) for word in asked if word in words]
        else:
            common = [(word, count) for word, count in words.items() if word in asked]
        return sum(asked[word] * count * (_K1 + 1) / (count + norm) for word, count in common)

    def _by_named_passages(self, path: str) -> None:
        for one in passages(self.files.texts[path]):
            if weight := self.identifiers.get(one.name, 0.0):
                tables = (self.files.functions, self.files.classes)
                value = weight / max(1, sum(len(table.get(one.name, ())) for table in tables))
                value += one.owner in self.identifiers
                self.add(path, "holds", value, f"holds {one.label}")

    def by_imports(self, first: Mapping[str, float], looked_into: Iterable[str]) -> None:
        """What the likeliest files import, and what imports them."""
        near = defaultdict[str, float](float)
        imports = {path: list(self.files.imported_by(path)) for path in looked_into}
        for path in list(imports)[:_NEIGHBOURS_OF]:
            for other in imports[path]:
                near[other] += first[path] / (3 + len(imports[path]))
            for other, taken in imports.items():
                if path in taken:
                    near[other] += first[path] / (3 + len(taken))
        for path, value in near.items():
            self.add(path, "neighbour", value, "a neighbour of likely files")


def signals(query: Query, files: Files) -> Look:
    """Every signal of every file. The same arguments always give the same."""
    look = Look(query, files)
    look.by_words("words", look.issue_words)
    look.by_words("title", look.title_words)
    look.by_path()
    look.by_names()
    look.by_tests()
    for path in look.found:
        if path.endswith("__init__.py"):
            look.add(path, "package", 1.0, "an __init__.py")
    first = {
        path: sum(_FIRST_LOOK.get(name, 0.0) * why.value for name, why in found.items())
        for path, found in look.found.items()
    }
    looked_into = sorted(first, key=lambda path: (-round(first[path], 9), path))[:_LOOKED_INTO]
    look.by_passages(looked_into)
    look.by_imports(first, looked_into)
    return look


def _of_the_best(scores: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    best = max(scores.values(), default=0.0)
    return ((path, score / best) for path, score in scores.items() if best > 0)


def _names_of_tested(path: str) -> list[str]:
    """How the file may be called that a test's path is about."""
    stem = path.rsplit("/", 1)[-1].removesuffix(".py")
    bare = re.sub(r"^tests?_|_tests?$", "", stem)
    return [f"{name}.py" for name in dict.fromkeys((bare, f"_{bare}")) if bare not in {"", "tests"}]
