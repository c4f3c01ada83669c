"""What sort of value an expression is, as far as the code around it tells.

A cheap stand-in for type inference: a name is of the sorts that its definitions, annotations and
uses in one unit speak for. It only has to rule out what no programmer means, such as `text + 1`.
"""

import ast
import re

from stillwater.models.builtin.source import Unit

NUMBER, TEXT, SEQUENCE, MAPPING = "number", "text", "sequence", "mapping"
TRUTH, OBJECT, MANY = "truth", "object", "many"
_MANY = frozenset((TEXT, SEQUENCE, MAPPING, OBJECT))
_PASSES = 2  # a number is also what is compared with a number
_ANNOTATED = {
    "int": NUMBER,
    "float": NUMBER,
    "Decimal": NUMBER,
    "str": TEXT,
    "bool": TRUTH,
    "list": SEQUENCE,
    "tuple": SEQUENCE,
    "set": SEQUENCE,
    "Sequence": SEQUENCE,
    "Iterable": SEQUENCE,
    "List": SEQUENCE,
    "dict": MAPPING,
    "Dict": MAPPING,
    "Mapping": MAPPING,
}
_MADE_BY = {
    "len": NUMBER,
    "int": NUMBER,
    "float": NUMBER,
    "abs": NUMBER,
    "round": NUMBER,
    "ord": NUMBER,
    "str": TEXT,
    "repr": TEXT,
    "list": SEQUENCE,
    "sorted": SEQUENCE,
    "tuple": SEQUENCE,
    "set": SEQUENCE,
    "range": SEQUENCE,
    "dict": MAPPING,
    "isinstance": TRUTH,
    "any": TRUTH,
    "all": TRUTH,
    "bool": TRUTH,
}
_METHODS_OF = {
    TEXT: "strip lstrip rstrip lower upper title casefold startswith endswith splitlines "
    "removeprefix removesuffix format partition rpartition isdigit encode split",
    SEQUENCE: "append extend insert sort reverse add discard remove",
    MAPPING: "items keys values setdefault get",
}
_METHOD = {name: sort for sort, names in _METHODS_OF.items() for name in names.split()}
_GIVES_TEXT = frozenset(_METHODS_OF[TEXT].replace("startswith endswith splitlines", "").split()) - {
    "partition",
    "rpartition",
    "isdigit",
    "encode",
    "split",
} | {"join", "replace"}
_DISPLAYS: tuple[tuple[tuple[type[ast.expr], ...], str], ...] = (
    ((ast.JoinedStr,), TEXT),
    ((ast.List, ast.ListComp, ast.Tuple, ast.Set, ast.SetComp, ast.GeneratorExp), SEQUENCE),
    ((ast.Dict, ast.DictComp), MAPPING),
    ((ast.Compare,), TRUTH),
)


def sorts(unit: Unit, node: ast.AST) -> frozenset[str]:
    """The sorts of an expression; empty where nothing tells."""
    if isinstance(node, ast.Name):
        return _names(unit).get(node.id, frozenset())
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return _names(unit).get(f"{node.value.id}.{node.attr}", frozenset())
    one = _made(unit, node)
    return frozenset((one,)) if one else frozenset()


def conflict(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two expressions can hardly stand in each other's place."""
    return bool(one) and bool(other) and not _wide(one) & _wide(other)


def _wide(known: frozenset[str]) -> frozenset[str]:
    """With all that the sorts may be at the same time: what has members may be a text or a list."""
    return known | _MANY if MANY in known else known


def countable(unit: Unit, node: ast.AST) -> float:
    """How well `+ 1` fits an expression, in log-odds."""
    known = sorts(unit, node)
    if NUMBER in known:
        return 0.3
    return -4.0 if known else -0.7


def _made(unit: Unit, node: ast.AST) -> str:  # noqa: PLR0911  a row for each type
    """The sort of what an expression makes; "" where it doesn't show."""
    for kinds, sort in _DISPLAYS:
        if isinstance(node, kinds):
            return sort
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Name) and unit.known_sorts:
        known = unit.known_sorts.get(node.id, frozenset())
        return NUMBER if known == {NUMBER} else ""
    if isinstance(node, ast.UnaryOp):
        return TRUTH if isinstance(node.op, ast.Not) else NUMBER
    if isinstance(node, ast.BinOp):
        sides = (_made(unit, node.left), _made(unit, node.right))
        if isinstance(node.op, ast.Add | ast.Mult):
            return next((s for s in (TEXT, SEQUENCE, NUMBER) if s in sides), "")
        return TEXT if sides[0] == TEXT else "" if isinstance(node.op, ast.BitOr) else NUMBER
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return _MADE_BY.get(node.func.id, "")
        return TEXT if getattr(node.func, "attr", "") in _GIVES_TEXT else ""
    return ""


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else ""


def _names(unit: Unit) -> dict[str, frozenset[str]]:
    """The sorts of each name, and of each `name.attribute`, of a unit and its class."""
    if unit.known_sorts is None:
        unit.known_sorts = {}  # while it is made, little is known
        kept: dict[str, set[str]] = {}
        for node in unit.source.members(unit.owner):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Attribute):
                for name, sort in _told(unit, node):
                    if sort and name.startswith("self."):
                        kept.setdefault(name, set()).add(sort)
        for _ in range(_PASSES):
            found = {name: set(told) for name, told in kept.items()}
            for node in unit.nodes:
                for name, sort in _told(unit, node):
                    if sort:
                        found.setdefault(name, set()).add(sort)
            unit.known_sorts = {name: frozenset(told) for name, told in found.items()}
    return unit.known_sorts


def _told(  # noqa: PLR0911  a row for each type
    unit: Unit, node: ast.AST
) -> list[tuple[str, str]]:
    """What one node tells of the names in it."""
    if isinstance(node, ast.arg):
        return [(node.arg, _annotated(unit, node.annotation))]
    if isinstance(node, ast.AnnAssign):
        return [(_key(node.target), _annotated(unit, node.annotation))]
    if isinstance(node, ast.Assign):
        return [(_key(target), _made(unit, node.value)) for target in node.targets]
    if isinstance(node, ast.AugAssign):
        return [(_key(node.target), _made(unit, node.value))]
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Mod | ast.BitOr):
        return [(_key(side), NUMBER) for side in (node.left, node.right)]
    if isinstance(node, ast.Attribute):
        return [(_key(node.value), _METHOD.get(node.attr, OBJECT))]
    if isinstance(node, ast.Compare):
        return _compared(unit, node)
    if isinstance(node, ast.For | ast.comprehension):
        counted = isinstance(node.iter, ast.Call) and unit.source.of(node.iter.func) == "range"
        target = [(_key(node.target), NUMBER)] if counted else []
        return [(_key(node.iter), MANY), *target]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        sort = {"len": MANY, "range": NUMBER, "sum": MANY, "sorted": MANY}
        return [(_key(a), sort.get(node.func.id, "")) for a in node.args]
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        bounds = [b for b in (node.slice.lower, node.slice.upper) if b is not None]
        return [(_key(node.value), MANY), *((_key(b), NUMBER) for b in bounds)]
    return []


def _compared(unit: Unit, node: ast.Compare) -> list[tuple[str, str]]:
    sides = [node.left, *node.comparators]
    if any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
        return [(_key(sides[-1]), MANY)]
    told = [sort for side in sides if (sort := _made(unit, side))]
    return [(_key(side), sort) for side in sides for sort in told[:1]]


def _key(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _annotated(unit: Unit, annotation: ast.expr | None) -> str:
    if annotation is None:
        return ""
    head = re.split(r"[\[ |]", unit.source.of(annotation).strip("'\""))[0]
    return _ANNOTATED.get(head.rpartition(".")[2], "")
