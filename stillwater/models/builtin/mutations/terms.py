"""Parts of an expression that are missing or too many: operands, slices, calls, elements."""

import ast
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, loop_around, mutates, tight
from stillwater.models.builtin.sorts import MANY, MAPPING, NUMBER, SEQUENCE, TEXT, sorts
from stillwater.models.builtin.source import DEFINITIONS

_MOST = 6


@mutates(ast.BinOp)
def dropped_term(site: Site) -> Iterator[Mutation]:
    """One operand alone."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant | ast.JoinedStr):
        return
    one = isinstance(node.right, ast.Constant) and node.right.value == 1
    for kept, gone in ((node.left, node.right), (node.right, node.left)):
        if one or (isinstance(kept, ast.Constant) and kept is node.right):
            continue
        text = f"({site.of(kept)})" if isinstance(kept, ast.BinOp) else site.of(kept)
        bonus = 0.5 if isinstance(gone, ast.Constant) else 0.0
        what = f"`{site.of(node)}` keeps only `{site.of(kept)}`"
        yield site.swap("drop-term", node, text, what, 2, bonus)


@mutates(ast.Call)
def added_term(site: Site) -> Iterator[Mutation]:
    """A number handed to the function itself again, less or more another: what is left of it."""
    node = site.node
    assert isinstance(node, ast.Call)
    if not _recursive(site, node):
        return
    bound = site.unit.first_bound
    for argument in node.args:
        if not isinstance(argument, ast.Name) or NUMBER not in sorts(site.unit, argument) | {""}:
            continue
        others = [n for n, at in bound.items() if at < node.lineno and n != argument.id]
        others = [n for n in others if NUMBER in sorts(site.unit, ast.Name(n))][:_MOST]
        for other in others:
            for sign in ("-", "+"):
                new = f"{argument.id} {sign} {other}"
                what = f"`{site.of(node.func)}` is called with `{new}`"
                bonus = 0.4 if sign == "-" else -0.4
                yield site.swap("add-term", argument, new, what, len(others) + 1, bonus)


@mutates(ast.BinOp)
def added_operand(site: Site) -> Iterator[Mutation]:
    """A sum of two that should be of three: a local number that is read nowhere else so far."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    if not isinstance(node.op, ast.Add | ast.Sub) or isinstance(site.parent, ast.BinOp):
        return
    for name in sorted(site.unit.unused):
        if site.unit.first_bound[name] < node.lineno:
            for sign in ("+", "-"):
                new = f"{site.of(node)} {sign} {name}"
                new = f"({new})" if tight(site, node) else new
                what = f"`{name}` is counted in `{site.of(node)}`"
                yield site.swap("add-term", node, new, what, 2, 1.0, (name,))


@mutates(ast.Call)
def length(site: Site) -> Iterator[Mutation]:
    """A length that is off by one."""
    node = site.node
    assert isinstance(node, ast.Call)
    parent = site.parent
    bounds = isinstance(parent, ast.Slice | ast.Subscript | ast.Compare) or (
        isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "range"
    )
    one = isinstance(parent, ast.BinOp) and "1" in (site.of(parent.left), site.of(parent.right))
    if getattr(node.func, "id", "") != "len" or bounds or one:
        return
    for sign in ("-", "+"):
        new = f"{site.of(node)} {sign} 1"
        new = f"({new})" if tight(site, node) else new
        what = f"`{site.of(node)}` becomes `{new}`"
        yield site.swap("length-one", node, new, what, 2)


@mutates(ast.Assign)
def never_negative(site: Site) -> Iterator[Mutation]:
    """A running sum that starts again at zero."""
    node = site.node
    assert isinstance(node, ast.Assign)
    value = node.value
    if loop_around(site) is None or not isinstance(value, ast.BinOp):
        return
    target = site.of(node.targets[0])
    sides = (site.of(value.left), site.of(value.right))
    if isinstance(value.op, ast.Add | ast.Sub) and target in sides:
        what = f"`{target}` is never below 0"
        yield site.swap("clamp", value, f"max(0, {site.of(value)})", what, 2, 0.0, ("max",))


def _recursive(site: Site, call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in {n.name for n in site.unit.nodes if isinstance(n, DEFINITIONS)}


@mutates(ast.Name)
def sliced(site: Site) -> Iterator[Mutation]:
    """A sequence without its first or last, where all of it is iterated or handed on."""
    node = site.node
    assert isinstance(node, ast.Name)
    parent = site.parent
    if not isinstance(node.ctx, ast.Load):
        return
    again = isinstance(parent, ast.Call) and node in parent.args and _recursive(site, parent)
    walked = isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
    known = sorts(site.unit, node)
    certain = bool(known & {MANY, SEQUENCE, TEXT})
    if not (again or (walked and certain)) or (known and not certain):
        return
    numbers = [n for n in site.unit.parameters if NUMBER in sorts(site.unit, ast.Name(n))]
    bounds = ["1:", ":-1", *(f"{n}:" for n in numbers), *(f":{n}" for n in numbers)]
    for bound in bounds[:_MOST]:
        bonus = (0.8 if again and certain else -0.5) - 0.5 * (bound == ":-1")
        what = f"only `{node.id}[{bound}]` is taken"
        yield site.swap("slice-new", node, f"{node.id}[{bound}]", what, len(bounds), bonus)


@mutates(ast.Call)
def uncalled(site: Site) -> Iterator[Mutation]:
    """A call of the file's own functions that should not be made: its only argument instead."""
    node = site.node
    assert isinstance(node, ast.Call)
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name not in site.source.definitions or len(node.args) != 1 or node.keywords:
        return
    if isinstance(node.args[0], ast.Starred) or isinstance(site.parent, ast.Expr | ast.Raise):
        return
    inner = site.of(node.args[0])
    inner = f"({inner})" if tight(site, node) and not inner.isidentifier() else inner
    bonus = 1.0 if isinstance(site.parent, ast.Yield) and _recursive(site, node) else 0.0
    yield site.swap("uncall", node, inner, f"`{name}()` is not called on `{inner}`", 1, bonus)


@mutates(ast.Yield)
def yield_from(site: Site) -> Iterator[Mutation]:
    """A generator's own values handed on one by one."""
    node = site.node
    assert isinstance(node, ast.Yield)
    if isinstance(node.value, ast.Call) and _recursive(site, node.value):
        what = "each value is yielded, not the generator"
        yield site.swap("uncall", node, f"yield from {site.of(node.value)}", what, 1, 1.0)


@mutates(ast.Return)
def rest_added(site: Site) -> Iterator[Mutation]:
    """A list that was gathered and should be part of the result."""
    node = site.node
    assert isinstance(node, ast.Return)
    value = node.value
    if not isinstance(value, ast.ListComp | ast.List):
        return
    inner = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    bound = site.unit.first_bound
    names = [n for n, at in bound.items() if 0 < at < node.lineno]
    names = [n for n in names if n in inner and sorts(site.unit, ast.Name(n)) & {MANY, SEQUENCE}]
    for name in names[:3]:
        what = f"`{name}` is part of the result too"
        yield site.swap("add-rest", value, f"{name} + {site.of(value)}", what, 2 * len(names))
    if isinstance(value, ast.List) and not value.elts:
        for name in site.unit.parameters:
            if not sorts(site.unit, ast.Name(name)) & {MAPPING, TEXT}:
                what = f"`[{name}]` is returned, not []"
                yield site.swap(
                    "return-default", value, f"[{name}]", what, len(site.unit.parameters)
                )


@mutates(ast.Tuple, ast.List, ast.Set)
def element(site: Site) -> Iterator[Mutation]:
    """One more text in a collection of texts, where the issue quotes it."""
    node = site.node
    assert isinstance(node, ast.Tuple | ast.List | ast.Set)
    texts = [e.value for e in node.elts if isinstance(e, ast.Constant)]
    if len(texts) != len(node.elts) or not texts or not all(isinstance(t, str) for t in texts):
        return
    fresh = [t for t in sorted(site.clues.literals) if t not in texts][:_MOST]
    for new in fresh:
        at = site.source.span(node.elts[-1])[1]
        what = f'"{new}" belongs to `{site.of(node)[:60]}` too'
        alike = 0.5 if any(t[:1] == new[:1] or t[-1:] == new[-1:] for t in map(str, texts)) else 0.0
        yield site.make("element", [(at, at, f', "{new}"')], what, len(fresh), alike, (new,))
