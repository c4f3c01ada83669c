"""What a mutation is, where one may happen, and the table of those that make them."""

import ast
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stillwater.models.builtin.clues import Clues
from stillwater.models.builtin.reading import difference
from stillwater.models.builtin.source import DEFINITIONS, Source, Unit


@dataclass(frozen=True)
class Mutation:
    """One small change of one unit.

    `edits` are (first byte, last-plus-one byte, new text). `share` is how many alternatives of the
    same idea stand at the same place: they divide its probability. `bonus` is what the code itself
    says for it, in units of log-probability; `names` are the words it brings in.
    """

    unit: Unit = field(repr=False)
    kind: str
    line: int
    edits: tuple[tuple[int, int, str], ...]
    what: str
    share: int = 1
    bonus: float = 0.0
    names: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[int, int]:
        """The first and the last line that change, whatever line the idea is about."""
        starts = self.unit.source.starts
        first, last = min(edit[0] for edit in self.edits), max(edit[1] for edit in self.edits)
        return bisect_right(starts, first), bisect_right(starts, last)

    def apply(self) -> str:
        """The file's text with the change made."""
        data = self.unit.source.data
        for first, last, text in sorted(self.edits, reverse=True):
            data = data[:first] + text.encode() + data[last:]
        return data.decode(errors="replace")

    def difference(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The lines that go and the lines that come."""
        data = self.unit.source.data
        first = data.rfind(b"\n", 0, min(edit[0] for edit in self.edits)) + 1
        last = data.find(b"\n", max(edit[1] for edit in self.edits))
        last = len(data) if last < 0 else last
        old = new = data[first:last]
        for start, end, text in sorted(self.edits, reverse=True):
            new = new[: start - first] + text.encode() + new[end - first :]
        texts = (old.decode(errors="replace"), new.decode(errors="replace"))
        return difference(texts[0].split("\n"), texts[1].split("\n"))


@dataclass(frozen=True)
class Site:
    """A node that might be wrong, and what is known around it."""

    unit: Unit
    node: ast.AST
    clues: Clues

    @property
    def source(self) -> Source:
        """The file."""
        return self.unit.source

    @property
    def parent(self) -> ast.AST | None:
        """The node around."""
        return self.source.parents.get(self.node)

    def of(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.source.of(node)

    def swap(
        self,
        kind: str,
        node: ast.AST,
        text: str,
        what: str,
        share: int = 1,
        bonus: float = 0.0,
        names: tuple[str, ...] = (),
    ) -> Mutation:
        """A mutation that writes `text` in the place of `node`."""
        first, last = self.source.span(node)
        return self.make(kind, [(first, last, text)], what, share, bonus, names, node)

    def make(
        self,
        kind: str,
        edits: list[tuple[int, int, str]],
        what: str,
        share: int = 1,
        bonus: float = 0.0,
        names: tuple[str, ...] = (),
        at: ast.AST | None = None,
    ) -> Mutation:
        """A mutation of any edits."""
        line = getattr(at or self.node, "lineno", 1)
        return Mutation(self.unit, kind, line, tuple(edits), what, share, bonus, names)

    def insert(
        self,
        kind: str,
        before: ast.stmt,
        lines: list[str],
        what: str,
        share: int = 1,
        bonus: float = 0.0,
        names: tuple[str, ...] = (),
    ) -> Mutation:
        """A mutation that puts lines before a statement that starts its line."""
        indent = self.source.indent(before)
        at = self.source.starts[before.lineno - 1]
        text = "".join(f"{indent}{line}\n" for line in lines)
        return self.make(kind, [(at, at, text)], what, share, bonus, names, before)


Maker = Callable[[Site], Iterator[Mutation]]
MAKERS: dict[type[ast.AST], list[Maker]] = {}


def mutates(*types: type[ast.AST]) -> Callable[[Maker], Maker]:
    """Registers a maker for nodes of these types."""

    def register(maker: Maker) -> Maker:
        for one in types:
            MAKERS.setdefault(one, []).append(maker)
        return maker

    return register


def tight(site: Site, node: ast.AST) -> bool:
    """Whether an expression in this place needs parentheses to be anything but an atom."""
    parent = site.source.parents.get(node)
    if isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Starred | ast.Await):
        return True
    if isinstance(parent, ast.Compare | ast.BoolOp | ast.IfExp):
        return True
    return (isinstance(parent, ast.Call) and parent.func is node) or (
        isinstance(parent, ast.Subscript) and parent.value is node
    )


def siblings_of(site: Site) -> list[ast.stmt]:
    """The list of statements that this one is in; empty where it is in none."""
    for part in ("body", "orelse", "finalbody"):
        body = getattr(site.parent, part, [])
        if isinstance(body, list) and site.node in body:
            return body
    return []


def whole_lines(site: Site, node: ast.stmt) -> tuple[int, int]:
    """First and last-plus-one byte of a statement's lines."""
    return site.source.starts[node.lineno - 1], site.source.starts[node.end_lineno or node.lineno]


def loop_around(site: Site) -> ast.For | ast.While | None:
    """The innermost loop that a node is in, within its function."""
    node: ast.AST | None = site.parent
    while node is not None and not isinstance(node, DEFINITIONS):
        if isinstance(node, ast.For | ast.While):
            return node
        node = site.source.parents.get(node)
    return None


def _token(text: str, operator: str) -> tuple[int, int] | None:
    """Where an operator stands in what is between its operands."""
    pattern = r"\s+".join(re.escape(word) for word in operator.split())
    if operator[0].isalpha():
        pattern = rf"\b{pattern}\b"
    found = re.search(pattern, text)
    return found.span() if found else None


def replace_operator(
    site: Site,
    kind: str,
    left: ast.AST,
    right: ast.AST,
    old: str,
    new: str,
    share: int = 1,
    bonus: float = 0.0,
) -> Iterator[Mutation]:
    """A mutation that writes another operator between two operands."""
    start, text = site.source.between(left, right)
    token = _token(text, old)
    if token is not None and "#" not in text:
        edit = (start + token[0], start + token[1], new)
        what = f"`{old}` becomes `{new}` in `{site.of(site.node)}`"
        yield site.make(kind, [edit], what, share, bonus, at=left)
