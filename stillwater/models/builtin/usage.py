"""How names are used, so that one is not taken for another that is used quite differently."""

import ast

from stillwater.models.builtin.source import Source, Unit

_TELLING = frozenset(("subscripted", "attribute", "iterated", "searched", "called", "number"))


def use(source: Source, node: ast.AST) -> str:
    """What an expression is used as at its place; "" where any value would do."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.Subscript):
        return "subscripted" if parent.value is node else ""
    if isinstance(parent, ast.Attribute):
        return f"attribute {parent.attr}"
    if isinstance(parent, ast.For | ast.comprehension):
        return "iterated" if parent.iter is node else ""
    if isinstance(parent, ast.Call):
        return "called" if parent.func is node else ""
    if isinstance(parent, ast.Compare):
        last = parent.comparators[-1] is node and isinstance(parent.ops[-1], ast.In | ast.NotIn)
        order = any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in parent.ops)
        return "searched" if last else "number" if order else ""
    return "number" if isinstance(parent, ast.BinOp | ast.AugAssign | ast.UnaryOp) else ""


def fit(unit: Unit, node: ast.AST, other: str) -> float:
    """How well `other` (`name` or `self.name`) would fit in the place of `node`, in log-odds."""
    here = use(unit.source, node)
    if not here:
        return 0.0
    known = uses(unit).get(other, frozenset())
    if here in known:
        return 0.4
    return -1.2 if known or here.split()[0] in _TELLING - {"number"} else 0.0


def uses(unit: Unit) -> dict[str, frozenset[str]]:
    """The uses of each name of a unit, and of each attribute of self in its class."""
    if unit.known_uses is None:
        found: dict[str, set[str]] = {}
        nodes = [n for n in unit.nodes if isinstance(n, ast.Name)]
        around = unit.source.members(unit.owner)
        attributes = [n for n in around if isinstance(n, ast.Attribute)]
        for node in [*nodes, *attributes]:
            tag = use(unit.source, node)
            if tag:
                name = node.id if isinstance(node, ast.Name) else unit.source.of(node)
                found.setdefault(name, set()).add(tag)
        unit.known_uses = {name: frozenset(tags) for name, tags in found.items()}
    return unit.known_uses
