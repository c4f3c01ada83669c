"""Comparisons, boolean operators, arithmetic."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, loop_around, mutates, tight

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
_ARITHMETIC: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/", "+", "**")),
    ast.Div: ("/", ("//", "*")),
    ast.FloorDiv: ("//", ("/", "%")),
    ast.Mod: ("%", ("//",)),
    ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|", "^")),
    ast.BitOr: ("|", ("&", "^")),
    ast.BitXor: ("^", ("&", "|")),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
}


def _token(text: str, operator: str) -> tuple[int, int] | None:
    """Where an operator stands in what is between its operands."""
    pattern = r"\s+".join(re.escape(word) for word in operator.split())
    if operator[0].isalpha():
        pattern = rf"\b{pattern}\b"
    found = re.search(pattern, text)
    return found.span() if found else None


def _replace(
    site: Site,
    kind: str,
    left: ast.AST,
    right: ast.AST,
    old: str,
    new: str,
    share: int = 1,
    bonus: float = 0.0,
) -> Iterator[Mutation]:
    start, text = site.source.between(left, right)
    token = _token(text, old)
    if token is not None and "#" not in text:
        edit = (start + token[0], start + token[1], new)
        what = f"`{old}` becomes `{new}` in `{site.of(site.node)}`"
        yield site.make(kind, [edit], what, share, bonus, at=left)


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
            if kind == "boundary" and _equivalent(site, left, right):
                bonus = -2.5
            share = sum(k == kind for k, _ in others)
            yield from _replace(site, kind, left, right, old, new, share, bonus)
        if not none and len(node.ops) == 1 and old in ("<", "<=", ">", ">="):
            for new in (" + 1", " - 1"):
                what = f"the bound of `{site.of(node)}` moves by one"
                yield site.swap("compare-bound", right, f"{_plus(site, right)}{new}", what, 2)

            text = f"{site.of(right)} {old} {site.of(left)}"
            yield site.swap("swap-operands", node, text, f"`{site.of(node)}` has its sides swapped")
        left = right


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


@mutates(ast.BoolOp)
def boolean(site: Site) -> Iterator[Mutation]:
    """The other boolean operator, or one operand less."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield from _replace(site, "boolean", left, right, old, new, len(node.values) - 1)
    if len(node.values) == 2:
        first, second = (site.of(value) for value in node.values)
        for text in (first, second):
            what = f"`{site.of(node)}` keeps only `{text}`"
            yield site.swap("boolean-drop", node, f"({text})", what, 2)
        if old == "or":
            what = f"`{site.of(node)}` has its operands swapped"
            pure = all(isinstance(value, ast.Compare) for value in node.values)
            text = f"({second} or {first})"
            yield site.swap("swap-operands", node, text, what, 1, -2.0 if pure else 0.0)


@mutates(ast.UnaryOp)
def unary(site: Site) -> Iterator[Mutation]:
    """Without the `not` or the minus."""
    node = site.node
    assert isinstance(node, ast.UnaryOp)
    text = site.of(node.operand)
    if isinstance(node.op, ast.Not):
        yield site.swap("drop-not", node, f"({text})", f"`not {text}` loses its `not`")
    elif isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield site.swap("drop-minus", node, text, f"`-{text}` loses its sign")


@mutates(ast.If, ast.While, ast.IfExp)
def condition(site: Site) -> Iterator[Mutation]:
    """The condition negated."""
    node = site.node
    assert isinstance(node, ast.If | ast.While | ast.IfExp)
    test = node.test
    negatable = isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.BoolOp | ast.Subscript)
    if not negatable or isinstance(node, ast.While):
        return
    text = site.of(test)
    text = f"({text})" if isinstance(test, ast.BoolOp) else text
    yield site.swap("add-not", test, f"not {text}", f"the condition `{text}` is negated")


@mutates(ast.BinOp)
def arithmetic(site: Site) -> Iterator[Mutation]:
    """Another arithmetic operator, or the operands swapped."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    if type(node.op) not in _ARITHMETIC or _is_text(node.left) or _is_text(node.right):
        return
    old, others = _ARITHMETIC[type(node.op)]
    for new in others:
        kind = "division" if {old, new} == {"/", "//"} else "arithmetic"
        unit = isinstance(node.right, ast.Constant) and node.right.value == 1
        share = 1 if kind == "division" else len(others)
        yield from _replace(site, kind, node.left, node.right, old, new, share, -0.3 * unit)
    left, right = site.of(node.left), site.of(node.right)
    if old in ("-", "/", "//", "%", "|") and not isinstance(node.right, ast.Constant):
        text = f"({right} {old} {left})" if tight(site, node) else f"{right} {old} {left}"
        yield site.swap("swap-operands", node, text, f"`{site.of(node)}` has its operands swapped")
    if isinstance(node.op, ast.Sub) and isinstance(site.parent, ast.Compare | ast.Return):
        what = f"`{site.of(node)}` goes through `abs()`"
        yield site.swap("clamp", node, f"abs({site.of(node)})", what, 2, 0.0, ("abs",))
        what = f"`{site.of(node)}` is never below 0"
        yield site.swap("clamp", node, f"max(0, {site.of(node)})", what, 2, 0.0, ("max",))
    unit = isinstance(node.right, ast.Constant) and node.right.value == 1
    if unit and old in ("+", "-"):
        what = f"`{site.of(node)}` loses its `{old} 1`"
        bonus = -0.7 if isinstance(site.parent, ast.Subscript) else 0.0
        yield site.swap("drop-one", node, left, what, 1, bonus)
    product = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult | ast.Div)
    if old in ("+", "-") and product and isinstance(node.left, ast.BinOp):
        _, between = site.source.between(node.left.left, node.left.right)
        a, b = site.of(node.left.left), site.of(node.left.right)
        text = f"{a}{between}({b} {old} {right})"
        yield site.swap("precedence", node, text, f"`{site.of(node)}` is grouped differently")


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.Dict) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


@mutates(ast.AugAssign)
def augmented(site: Site) -> Iterator[Mutation]:
    """`+=` against `-=` against `=`."""
    node = site.node
    assert isinstance(node, ast.AugAssign)
    if type(node.op) not in _ARITHMETIC:
        return
    old, others = _ARITHMETIC[type(node.op)]
    start, text = site.source.between(node.target, node.value)
    at = text.find(old + "=")
    if at < 0:
        return
    first = start + at
    for new in (*others[:1], ""):
        what = f"`{old}=` becomes `{new}=`"
        edit = (first, first + len(old) + 1, f"{new}=")
        yield site.make("augmented", [edit], what, 2)


@mutates(ast.Assign)
def plain_assignment(site: Site) -> Iterator[Mutation]:
    """`=` where the value should add up: inside a loop, for a name that was bound before it."""
    node = site.node
    assert isinstance(node, ast.Assign)
    if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name | ast.Attribute):
        return
    target = node.targets[0]
    inside = loop_around(site)
    if inside is None:
        return
    name = target.id if isinstance(target, ast.Name) else ""
    if name and site.unit.first_bound.get(name, 10**9) >= inside.lineno:
        return
    start, text = site.source.between(target, node.value)
    at = text.find("=")
    for op in ("+", "-"):
        edit = (start + at, start + at + 1, f"{op}=")
        yield site.make("accumulate", [edit], f"`{site.of(target)}` adds up with `{op}=`", 2)
