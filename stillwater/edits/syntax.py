"""Python as the placing of edits sees it: trees, definitions with their lines, complaints."""

import ast
import io
import re
import threading
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stillwater.edits.text import split

_BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
_ONE_AT_A_TIME = threading.Lock()
_RUNS_ON = ('"""', "'''", "\\")
"""What a string of several lines can't be without."""
_DEFINES = re.compile(r"\s*(?:async\s+def|def|class)\s+\w")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Defining = Function | ast.ClassDef


@dataclass(frozen=True)
class Complaint:
    """Why a text doesn't compile."""

    line: int
    message: str


@dataclass(frozen=True)
class Definition:
    """A function or class; `first` counts its decorators, `owners` are outermost first."""

    node: Defining
    owners: tuple[Defining, ...]
    first: int
    last: int

    @property
    def name(self) -> str:
        """Its own name."""
        return self.node.name

    @property
    def label(self) -> str:
        """Its name with its owners'."""
        return ".".join([*(owner.name for owner in self.owners), self.node.name])

    @property
    def outermost(self) -> Defining:
        """The definition at the file's top level that it is or belongs to."""
        return self.owners[0] if self.owners else self.node


@lru_cache(maxsize=16)
def parse(text: str) -> ast.Module | None:
    """The tree, or None where the text isn't Python. Silent about warnings.

    Nobody changes a tree: all who ask for the same text get the same one, since an answer is
    compared with its file again and again, and so are the answers of six attempts. All of
    Stillwater parses here: two parses at once disturb each other (SystemError: AST constructor
    recursion depth mismatch) where a garbage collection in one lets the other's thread go on.
    """
    try:
        # catch_warnings, too, changes state that all threads share.
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix("\ufeff"))
    except _BROKEN:
        return None


def complaint(text: str) -> Complaint | None:
    """Why the text doesn't compile, or None where it does."""
    tree = parse(text)
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree or text.removeprefix("\ufeff"), "<edit>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Complaint(error.lineno or 1, error.msg)
    except _BROKEN as error:
        return Complaint(1, str(error) or type(error).__name__)
    return None


def alike(one: object, other: object) -> bool:
    """Whether two nodes, or what is in them, differ in nothing but their positions."""
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, ast.AST):
            waiting += [(getattr(a, f, None), getattr(b, f, None)) for f in a._fields]
        elif isinstance(a, list):
            assert isinstance(b, list)
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif a is not b and repr(a) != repr(b):
            return False
    return True


def first_line(node: ast.stmt) -> int:
    """The line that the statement starts on, decorators included."""
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(one.lineno for one in decorators)])


def last_line(node: ast.stmt) -> int:
    """The line that the statement ends on."""
    return node.end_lineno or node.lineno


def nodes(tree: ast.AST) -> list[ast.AST]:
    """The node and all that is in it, in the order of `ast.walk`, and in less time."""
    found = [tree]
    for node in found:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [one for one in value if isinstance(one, ast.AST)]
    return found


@lru_cache(maxsize=16)
def definitions(tree: ast.Module) -> tuple[Definition, ...]:
    """Every function and class, in the order of the text."""
    return tuple(sorted(_walk(tree), key=lambda one: (one.first, -one.last)))


def functions(text: str) -> list[str]:
    """The text of every function and method that is in no other function."""
    tree, lines = parse(text), split(text)
    return [
        "".join(lines[one.first - 1 : one.last])
        for one in (definitions(tree) if tree else ())
        if isinstance(one.node, Function)
        and not any(isinstance(owner, Function) for owner in one.owners)
    ]


def _walk(tree: ast.Module) -> Iterator[Definition]:
    waiting: list[tuple[ast.AST, tuple[Defining, ...]]] = [(tree, ())]
    while waiting:
        node, owners = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Defining):
                yield Definition(child, owners, first_line(child), last_line(child))
                waiting.append((child, (*owners, child)))
            elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                waiting.append((child, owners))


def assigned(node: ast.stmt) -> str | None:
    """The one name that a plain assignment binds."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def by_assigned(body: Sequence[ast.stmt]) -> dict[str | None, list[ast.stmt]]:
    """The statements by the name that each assigns; under None, those that assign none alone."""
    found: dict[str | None, list[ast.stmt]] = {}
    for node in body:
        found.setdefault(assigned(node), []).append(node)
    return found


def bound(body: Sequence[ast.stmt]) -> set[str]:
    """The names that the statements bind by definition, plain assignment or import."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, Defining):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(one.asname or one.name.split(".")[0] for one in node.names)
        elif name := assigned(node):
            names.add(name)
    return names


def used_running(body: Sequence[ast.stmt]) -> set[str]:
    """The names that the statements mention outside of annotations."""
    noted = [
        note
        for one in body
        for node in nodes(one)
        for name in ("annotation", "returns")
        if isinstance(note := getattr(node, name, None), ast.AST)
    ]
    skipped = {id(node) for note in noted for node in nodes(note)}
    found = (node for one in body for node in nodes(one) if id(node) not in skipped)
    return {node.id for node in found if isinstance(node, ast.Name)}


def used(tree: ast.AST) -> set[str]:
    """Every plain name that the tree mentions."""
    return {node.id for node in nodes(tree) if isinstance(node, ast.Name)}


def is_text(node: ast.stmt) -> bool:
    """Whether the statement is just a string, such as a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def is_guard(node: ast.stmt) -> bool:
    """Whether the statement runs only where the file is the program."""
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def defines(lines: Sequence[str]) -> bool:
    """Whether the lines define a function or a class, however broken the rest of them is."""
    return any(map(_DEFINES.match, lines))


def string_lines(lines: Sequence[str]) -> list[tuple[int, int]]:
    """The runs of lines (0-based, inclusive) that start inside a string of several lines."""
    runs: list[tuple[int, int]] = []
    if not any(mark in line for line in lines for mark in _RUNS_ON):
        return runs
    opened: list[int] = []
    kinds = {"FSTRING_START": 1, "TSTRING_START": 1, "FSTRING_END": -1, "TSTRING_END": -1}
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
            change = kinds.get(tokenize.tok_name[token.type], 0)
            if change > 0:
                opened.append(token.start[0])
            start = opened.pop() if change < 0 and opened else token.start[0]
            if (token.type == tokenize.STRING or change < 0) and token.end[0] > start:
                runs.append((start, token.end[0] - 1))
    except (tokenize.TokenError, *_BROKEN):
        pass
    return runs
