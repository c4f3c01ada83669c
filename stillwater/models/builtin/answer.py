"""A mutation as an answer: the block that the prompt asks for."""

import ast
import re

from stillwater.edits.syntax import parse
from stillwater.models.builtin.mutation import Mutation

NOTHING = "I found nothing to change: the prompt has no Python file with a change left to try.\n"


def block(mutation: Mutation) -> str | None:
    """FILE, LINES, REASONING, code; None when the file would not parse or be the same."""
    source = mutation.unit.source
    text = mutation.apply()
    tree = parse(text)
    if tree is None or _same(tree, source.tree):
        return None
    first, last = mutation.unit.lines
    lines = text.split("\n")
    code = "\n".join(lines[first - 1 : last + len(lines) - len(source.lines)])
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", code)), 0)
    return (
        f"FILE: {source.path}\nLINES: {first}-{last}\n"
        f"REASONING: {_reasoning(mutation)}\n{fence}python\n{code}\n{fence}\n"
    )


def _same(one: ast.AST, other: ast.AST) -> bool:
    try:
        return ast.dump(one) == ast.dump(other)
    except (RecursionError, ValueError):  # too deep, or with a number too long, to be written
        return False


def _reasoning(mutation: Mutation) -> str:
    what = " ".join(mutation.what.split())
    where = mutation.unit.qualname or "the module"
    return (
        f"In {where}, line {mutation.line}, {what}: of the small changes not tried yet, this "
        f"one ({mutation.kind}) fits the issue and the failing tests best."
    )
