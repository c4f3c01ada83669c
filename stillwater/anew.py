"""Asking for a function written anew: a small model that sees the old code gives it back unchanged.

So the prompt keeps what says what the function is for (its signature, its docstring, its callers
and its tests), and leaves out its body.
"""

import ast
from dataclasses import replace

from stillwater.edits.syntax import Function, definitions, parse
from stillwater.prompt import ShownFile, Suspected, lines_of

LEFT_OUT = "...  # left out: it was wrong"


def without_body(file: ShownFile, function: Suspected) -> ShownFile:
    """The file without the body of the function, of which `begins` stays; no line has moved."""
    found = _found(file.content, function)
    if found is None:
        return file
    lines = lines_of(file.content)
    first, last = _body_begins(found), found.end_lineno or found.lineno
    indent = " " * found.body[0].col_offset
    blank = [indent + LEFT_OUT, *([""] * (last - first))]
    return replace(file, content="\n".join([*lines[: first - 1], *blank, *lines[last:]]) + "\n")


def begins(file: ShownFile, function: Suspected) -> str:
    """Its decorators, signature and docstring; "" where they can't be told from its body."""
    found = _found(file.content, function)
    if found is None:
        return ""
    first = min([found.lineno, *(one.lineno for one in found.decorator_list)])
    return "\n".join(lines_of(file.content)[first - 1 : _body_begins(found) - 1])


def _found(content: str, function: Suspected) -> Function | None:
    """The function that takes those lines, with a body that begins on a line of its own."""
    tree = parse(content)
    for one in definitions(tree) if tree else ():
        node = one.node
        if (one.first, one.last) != (function.first, function.last):
            continue
        if isinstance(node, Function) and node.lineno < node.body[0].lineno:
            return node if _body_begins(node) <= one.last else None
    return None


def _body_begins(node: Function) -> int:
    """The line of the first statement after the docstring."""
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    if not has_docstring:
        return first.lineno
    return (first.end_lineno or first.lineno) + 1
