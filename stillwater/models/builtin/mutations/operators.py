"""Boolean operators, conditions, arithmetic."""

import ast
from collections.abc import Iterator

from stillwater.models.builtin.mutation import (
    Mutation,
    Site,
    loop_around,
    mutates,
    replace_operator,
    tight,
)
from stillwater.models.builtin.sorts import NUMBER, SEQUENCE, TEXT, conflict, sorts

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


@mutates(ast.BoolOp)
def boolean(site: Site) -> Iterator[Mutation]:
    """The other boolean operator, or one operand less."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield from replace_operator(site, "boolean", left, right, old, new, len(node.values) - 1)
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
    if TEXT in sorts(site.unit, node.left) | sorts(site.unit, node.right):
        return
    old, others = _ARITHMETIC[type(node.op)]
    for new in others:
        kind = "division" if {old, new} == {"/", "//"} else "arithmetic"
        unit = isinstance(node.right, ast.Constant) and node.right.value == 1
        share = 1 if kind == "division" else len(others)
        yield from replace_operator(site, kind, node.left, node.right, old, new, share, -0.3 * unit)
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


@mutates(ast.BinOp)
def joined(site: Site) -> Iterator[Mutation]:
    """What is joined, the other way round: order matters where the operands aren't numbers."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    known = sorts(site.unit, node.left) | sorts(site.unit, node.right) | sorts(site.unit, node)
    chained = isinstance(node.left, ast.BinOp) or isinstance(site.parent, ast.BinOp)
    if not isinstance(node.op, ast.Add) or NUMBER in known or chained:
        return
    text = f"{site.of(node.right)} + {site.of(node.left)}"
    text = f"({text})" if tight(site, node) else text
    what = f"`{site.of(node)}` is joined the other way round"
    yield site.swap("swap-joined", node, text, what, 1, 0.5 if known else -0.5)


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
    for new in (*others, ""):
        if not new and site.unit.first_bound.get(site.of(node.target)) == node.lineno:
            continue
        what = f"`{old}=` becomes `{new}=`"
        edit = (first, first + len(old) + 1, f"{new}=")
        yield site.make("augmented", [edit], what, len(others) + 1)


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
    text, value = site.of(target), site.of(node.value)
    reads = any(
        isinstance(n, ast.Name | ast.Attribute) and site.of(n) == text for n in ast.walk(node.value)
    )
    sums = not conflict(sorts(site.unit, target), frozenset((NUMBER, TEXT, SEQUENCE)))
    for op in ("+", "-") if sums and not reads else ():
        edit = (start + at, start + at + 1, f"{op}=")
        yield site.make("accumulate", [edit], f"`{text}` adds up with `{op}=`", 2)
    if reads or "\n" in value or not _wide(node.value):
        return
    for name in ("max", "min"):
        alike = 1.0 if name in text.lower() or (name == "max" and "longest" in text) else 0.0
        what = f"`{text}` keeps the {name}imum so far"
        yield site.swap("best", node.value, f"{name}({text}, {value})", what, 2, alike, (name,))


def _wide(node: ast.expr) -> bool:
    """Whether a value may be a number that was computed."""
    return isinstance(node, ast.BinOp | ast.Name | ast.Subscript | ast.Call)
