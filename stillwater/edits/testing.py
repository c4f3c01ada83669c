"""Tests that an answer gives beside the fix: they stay out of the code that they test."""

import ast
from collections.abc import Iterable, Sequence

from stillwater.edits.imports import Importing
from stillwater.edits.syntax import Defining, is_guard, nodes, used

_MODULES = {"unittest", "pytest"}


def is_test(node: ast.stmt) -> bool:
    """Whether it is a test, or a class of tests, and doesn't only have a name like one."""
    if isinstance(node, ast.ClassDef):
        tests = [one for one in node.body if getattr(one, "name", "").startswith("test_")]
        named = node.name.startswith("Test") and bool(tests)
        return named or any("TestCase" in name for base in node.bases for name in _names(base))
    if not (isinstance(node, Defining) and node.name.startswith("test_")):
        return False
    return any(isinstance(one, ast.Assert) for one in nodes(node))


def only_tests(body: Sequence[ast.stmt]) -> bool:
    """Whether the statements are tests, with what these need and what runs them."""
    rest = [one for one in body if not is_test(one)]
    plain = Importing | ast.Expr
    return len(rest) < len(body) and all(isinstance(one, plain) or is_guard(one) for one in rest)


def foreign_tests(body: Iterable[ast.stmt], among: Iterable[ast.stmt]) -> set[ast.stmt]:
    """The tests of a block, where `among`, the file's own definitions, holds none."""
    return set() if any(map(is_test, among)) else {one for one in body if is_test(one)}


def without_tools(
    imports: Sequence[Importing], tests: set[ast.stmt], body: Iterable[ast.stmt]
) -> list[Importing]:
    """The imports without those of test frameworks that only the tests use."""
    kept = [one for one in body if one not in tests and not isinstance(one, ast.Expr | ast.If)]
    others = set[str]().union(*map(used, kept))
    return [one for one in imports if not tests or not _is_tool(one) or _bound(one) & others]


def _is_tool(node: Importing) -> bool:
    names = (
        [node.module or ""] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
    )
    return all(name.partition(".")[0] in _MODULES for name in names)


def _names(node: ast.expr) -> set[str]:
    return used(node) | {one.attr for one in nodes(node) if isinstance(one, ast.Attribute)}


def _bound(node: Importing) -> set[str]:
    return {one.asname or one.name.partition(".")[0] for one in node.names}
