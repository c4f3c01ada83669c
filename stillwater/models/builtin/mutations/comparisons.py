"""Comparisons: their boundary, direction, negation, identity, and their bounds."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates, replace_operator
from stillwater.models.builtin.sorts import countable

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_OTHER: dict[str, tuple[tuple[str, str], ...]] = {
    "<": (("boundary", "<="), ("direction", ">")),
    "<=": (("boundary", "<"), ("direction", ">=")),
    ">": (("boundary", ">="), ("direction", "<")),
    ">=": (("boundary", ">"), ("direction", "<=")),
    "==": (("negation", "!="), ("equality", ">="), ("equality", "<="), ("equality", "in")),
    "!=": (("negation", "=="), ("equality", "<"), ("equality", ">")),
    "is": (("negation", "is not"), ("identity", "==")),
    "is not": (("negation", "is"), ("identity", "!=")),
    "in": (("negation", "not in"), ("equality", "==")),
    "not in": (("negation", "in"), ("equality", "!=")),
}


@mutates(ast.Compare)
def comparison(site: Site) -> Iterator[Mutation]:
    """Another comparison: its boundary, direction, negation, identity."""
    node = site.node
    assert isinstance(node, ast.Compare)
    left: ast.expr = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        old = _COMPARE[type(op)]
        none = isinstance(right, ast.Constant) and right.value is None
        literal = isinstance(right, ast.Constant) and type(right.value) in (str, int, float)
        others = [o for o in _OTHER[old] if not (none and o[0] in ("identity", "equality"))]
        for kind, new in others:
            bonus = 2.0 if kind == "identity" and literal else 0.0
            if kind == "equality" and new in ("==", "!=", "in") and isinstance(right, ast.Tuple):
                bonus = -1.5
            if kind == "boundary":
                bonus = -2.5 if _equivalent(site, left, right) else _documented(site, new)
            share = sum(k == kind for k, _ in others)
            yield from replace_operator(site, kind, left, right, old, new, share, bonus)
        if not none and len(node.ops) == 1 and old in ("<", "<=", ">", ">="):
            for new in (" + 1", " - 1"):
                what = f"the bound of `{site.of(node)}` moves by one"
                fits = countable(site.unit, right)
                yield site.swap("compare-bound", right, f"{_plus(site, right)}{new}", what, 2, fits)
            text = f"{site.of(right)} {old} {site.of(left)}"
            yield site.swap("swap-operands", node, text, f"`{site.of(node)}` has its sides swapped")
        left = right


_INCLUSIVE = re.compile(
    r"inclusive|at (?:least|most)|up to and|or (?:equal|more|less|fewer|later|earlier)|both ends|"
    r"no (?:more|less|fewer|later|earlier) than|through\b",
    re.IGNORECASE,
)
_EXCLUSIVE = re.compile(
    r"exclusive|strictly|(?:more|less|greater|fewer|larger|smaller|longer|shorter) than|"
    r"\b(?:before|after|below|above|until|exceeds?)\b",
    re.IGNORECASE,
)


def _documented(site: Site, new: str) -> float:
    """How far the docstring speaks for a comparison that includes, or excludes, its bound."""
    text = site.unit.docstring
    inclusive = _INCLUSIVE.search(text) is not None
    exclusive = _EXCLUSIVE.search(_INCLUSIVE.sub("", text)) is not None
    if inclusive == exclusive:
        return 0.0
    return 0.7 if new.endswith("=") == inclusive else -0.7


def _equivalent(site: Site, left: ast.expr, right: ast.expr) -> bool:
    """Whether equality gives the same either way: `if x < low: return low`, `a if a < b else b`."""
    sides = {site.of(left), site.of(right)}
    parent = site.parent
    if isinstance(parent, ast.IfExp):
        return {site.of(parent.body), site.of(parent.orelse)} == sides
    if isinstance(parent, ast.If) and len(parent.body) == 1:
        only = parent.body[0]
        if isinstance(only, ast.Return | ast.Assign) and only.value is not None:
            return site.of(only.value) in sides
    return False


def _plus(site: Site, node: ast.AST) -> str:
    text = site.of(node)
    simple = isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript)
    return text if simple or isinstance(node, ast.BinOp) else f"({text})"
