"""Comments between the definitions of an answer that stand for others, which stay as they are."""

import ast
import re
from collections.abc import Collection, Sequence

from stillwater.edits.code import understand
from stillwater.edits.elision import stands_for_code
from stillwater.edits.syntax import Defining, Function, first_line, last_line
from stillwater.edits.text import indent, is_comment

_OF_ONE = re.compile(r"\b(?:function|method|body|implementation|logic)\b", re.IGNORECASE)
"""What speaks of the inside of a function, wherever it stands."""
_OF_MANY = re.compile(
    r"\b(?:functions|methods|classes|definitions|members|attributes|properties|imports|constants|"
    r"class|file|module)\b",
    re.IGNORECASE,
)


def without_marks(code: str, known: Collection[str]) -> str | None:
    """The code without the comments that stand for definitions left out; None if it has none.

    Such a comment stands directly in the body of the module or of a class that also gives whole
    definitions. `known` are lines that stand for nothing else.
    """
    understood, lines = understand(code), code.split("\n")
    if understood.tree is None or len(lines) != len(understood.lines):
        return None
    body = understood.tree.body
    marks = {
        n
        for n, line in enumerate(understood.lines, 1)
        if is_comment(line) and line.strip() not in known and _is_mark(line, n, body)
    }
    left = [line for n, line in enumerate(lines, 1) if n not in marks]
    return "\n".join(left) if marks else None


def _is_mark(line: str, at: int, body: Sequence[ast.stmt]) -> bool:
    if not stands_for_code(line.strip()) or _OF_ONE.search(line):
        return False
    around = _around(body, at, len(indent(line)))
    if not any(isinstance(one, Defining) for one in around):
        return False
    before = [one for one in around if last_line(one) < at]
    return not before or _is_ended(before[-1]) or bool(_OF_MANY.search(line))


def _around(body: Sequence[ast.stmt], at: int, column: int) -> Sequence[ast.stmt]:
    """The statements beside which line `at` stands; none in a function, or in any statement."""
    before = [one for one in body if first_line(one) < at]
    last = before[-1] if before else None
    if column == body[0].col_offset:
        return () if last and last_line(last) >= at else body
    return _around(last.body, at, column) if isinstance(last, ast.ClassDef) else ()


def _is_ended(node: ast.stmt) -> bool:
    """Whether nothing can be left out at the end of it: a function that goes on doesn't say so."""
    while isinstance(node, ast.ClassDef):
        node = node.body[-1]
    return not isinstance(node, Function) or isinstance(node.body[-1], ast.Return | ast.Raise)
