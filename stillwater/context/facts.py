"""What one file holds, found once for each text: its words, names, imports and passages."""

import ast
import hashlib
import re
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from stillwater.context.clues import imported
from stillwater.context.words import counted
from stillwater.edits.syntax import Defining, definitions, last_line, parse

_DEFINED = re.compile(r"^[ \t]*(class|(?:async[ \t]+)?def)[ \t]+(\w+)", re.MULTILINE)
_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=[^=]", re.MULTILINE)
_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME_COUNTS = 2
_LONGEST_RUN = 40

Found = TypeVar("Found")
Kind = Literal["function", "class", "import", "statement"]


@dataclass(frozen=True, slots=True)
class Facts:
    """A file's words with their counts, and what it defines and imports."""

    words: Mapping[str, int]
    length: int
    classes: frozenset[str]
    functions: frozenset[str]
    assigned: frozenset[str]
    imports: tuple[tuple[str, str], ...]

    @property
    def defined(self) -> frozenset[str]:
        """Every name that the file defines."""
        return self.classes | self.functions | self.assigned


@dataclass(frozen=True, slots=True)
class Passage:
    """A function, the head of a class down to its first method, or a run of other statements.

    A run lies between the definitions of a file's top level or of a class, and has no name.
    `owner` is the name of the class or function around it, "" at the file's top level; `opened` are
    the lines on which the classes and functions around it begin.
    """

    kind: Kind
    name: str
    owner: str
    label: str
    opened: tuple[int, ...]
    first: int
    last: int
    words: Mapping[str, int]
    length: int


class _Kept(Generic[Found]):
    """What was found for the texts that were asked for most recently, by their digests."""

    def __init__(self, find: Callable[[str], Found], most: int) -> None:
        self._find, self._most = find, most
        self._found: OrderedDict[bytes, Found] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, text: str) -> Found:
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = self._find(text)
        with self._lock:
            self._found[key] = found
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        return found


def _facts(text: str) -> Facts:
    found = [(sys.intern(name), kind) for kind, name in _DEFINED.findall(text)]
    words = counted(text)
    return Facts(
        words=words,
        length=sum(words.values()),
        classes=frozenset(name for name, kind in found if kind == "class"),
        functions=frozenset(name for name, kind in found if kind != "class"),
        assigned=frozenset(map(sys.intern, _ASSIGNED.findall(text))),
        imports=tuple(imported(text)),
    )


def _passages(text: str) -> tuple[Passage, ...]:
    tree = parse(text)
    if tree is None:
        return ()
    lines = _LINE_END.split(text)
    known = definitions(tree)
    first_inside = {other.owners[-1]: other.first for other in reversed(known) if other.owners}
    found = []
    for one in known:
        owner = one.owners[-1].name if one.owners else ""
        opened = tuple(around.lineno for around in one.owners)
        kind: Kind = "class" if isinstance(one.node, ast.ClassDef) else "function"
        last = one.last
        if isinstance(one.node, ast.ClassDef):
            if one.node in first_inside:
                last = max(one.first, first_inside[one.node] - 1)
            inside = (*opened, one.node.lineno)
            found += [
                _passage(lines, run, "", one.name, inside, *at)
                for run, at in _runs(one.node.body)
                if at[0] > last
            ]
        found.append(_passage(lines, kind, one.name, owner, opened, one.first, last, one.label))
    found += [_passage(lines, run, "", "", (), *at) for run, at in _runs(tree.body)]
    return tuple(sorted(found, key=lambda one: (one.first, -one.last)))


def _passage(
    lines: Sequence[str],
    kind: Kind,
    name: str,
    owner: str,
    opened: tuple[int, ...],
    first: int,
    last: int,
    label: str = "",
) -> Passage:
    words = Counter(counted("\n".join(lines[first - 1 : last])))
    for word in counted(label):
        words[word] += _NAME_COUNTS
    told = label or f"lines {first}-{last}"
    return Passage(kind, name, owner, told, opened, first, last, words, sum(words.values()))


def _runs(body: Sequence[ast.stmt]) -> Iterator[tuple[Kind, tuple[int, int]]]:
    """The statements of a body between its definitions, imports by themselves."""
    run: list[ast.stmt] = []
    for node in body:
        kind = _kind(node)
        if run and (kind != _kind(run[0]) or _is_long(run, node)):
            yield _kind(run[0]), (run[0].lineno, last_line(run[-1]))
            run = []
        if not isinstance(node, Defining):
            run.append(node)
    if run:
        yield _kind(run[0]), (run[0].lineno, last_line(run[-1]))


def _kind(node: ast.stmt) -> Kind:
    if isinstance(node, Defining):
        return "class" if isinstance(node, ast.ClassDef) else "function"
    return "import" if isinstance(node, ast.Import | ast.ImportFrom) else "statement"


def _is_long(run: Sequence[ast.stmt], node: ast.stmt) -> bool:
    return last_line(node) - run[0].lineno >= _LONGEST_RUN


facts: Callable[[str], Facts] = _Kept(_facts, 4096)
"""What a text holds. A repository's next commit asks again only for the files it changed."""
passages: Callable[[str], tuple[Passage, ...]] = _Kept(_passages, 512)
"""The passages of a text in its order; none where it isn't Python."""
