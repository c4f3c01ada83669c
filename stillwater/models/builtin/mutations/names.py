"""Wrong names: variables, attributes, methods."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from stillwater.models.builtin.mutation import Mutation, Site, mutates
from stillwater.models.builtin.siblings import RARE, siblings_of
from stillwater.models.builtin.sorts import MANY, SEQUENCE, conflict, sorts
from stillwater.models.builtin.source import DEFINITIONS, Definition, words
from stillwater.models.builtin.usage import fit

_VARIABLES = 10


@mutates(ast.Name)
def variable(site: Site) -> Iterator[Mutation]:
    """Another variable of the same function; a function's sibling; what a NameError lacks."""
    node = site.node
    assert isinstance(node, ast.Name)
    parent = site.parent
    if not isinstance(node.ctx, ast.Load) or _in_annotation(site):
        return
    called = isinstance(parent, ast.Call) and parent.func is node
    siblings = siblings_of(node.id)
    for other in siblings:
        known = other in site.source.module_names or other in __builtins_names__
        if known and (called or other in site.source.module_names):
            what = f"`{node.id}` becomes `{other}`"
            rare = -1.5 if {node.id, other} & _CONSTRUCTORS else 0.0
            rare += _agrees(site, node.id, other)
            yield site.swap("sibling", node, other, what, len(siblings), rare, (other,))
    if called or site.unit.function is None:
        yield from _module_function(site, node, called)
        return
    bound = site.unit.first_bound
    if node.id not in bound:
        yield from _undefined(site, node)
        return
    others = [n for n, at in bound.items() if n != node.id and at < node.lineno and n != "_"]
    for other in _nearest(node, others, bound):
        bonus = 2.2 if other in site.unit.unused and not _stub(site.unit.function) else 0.0
        bonus += alike(node.id, other)
        bonus += fit(site.unit, node, other) - 2.0 * _unlike(site, node, other)
        bonus -= 1.5 * _beside(site, other) + 1.0 * (site.unit.reads.get(node.id) == 1)
        what = f"`{node.id}` becomes `{other}`"
        yield site.swap("variable", node, other, what, len(others), bonus, (other,))


def _unlike(site: Site, node: ast.AST, other: str) -> bool:
    """Whether a name holds another sort of value than the expression whose place it would take."""
    return conflict(sorts(site.unit, node), sorts(site.unit, ast.Name(other)))


__builtins_names__ = frozenset({"min", "max", "any", "all", "int", "float", "round", "list", "set"})


def _nearest(node: ast.Name, others: list[str], bound: dict[str, int]) -> list[str]:
    """Parameters and the variables bound last: in a long function there are too many to try."""
    return sorted(others, key=lambda n: (bound[n] > 0, node.lineno - bound[n], n))[:_VARIABLES]


def _beside(site: Site, name: str) -> bool:
    """Whether a name is already an operand of the same expression: `a - a` is seldom meant."""
    parent = site.parent
    if isinstance(parent, ast.AugAssign):
        return site.of(parent.target) == name
    if not isinstance(parent, ast.Compare | ast.BinOp | ast.BoolOp | ast.Call | ast.Tuple):
        return isinstance(parent, ast.Assign) and site.of(parent.targets[0]) == name
    return any(
        isinstance(n, ast.Name | ast.Attribute) and site.of(n) == name
        for n in ast.iter_child_nodes(parent)
    )


def _in_annotation(site: Site) -> bool:
    parent = site.parent
    return isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is site.node


def _stub(function: Definition | None) -> bool:
    if function is None:
        return True
    return len(function.body) < 2 and not isinstance(function.body[0], ast.Return)


@lru_cache(maxsize=8192)
def _words(name: str) -> frozenset[str]:
    return frozenset(words(name))


def alike(one: str, other: str) -> float:
    """How easily two names are mistaken: shared words, length."""
    first, second = _words(one), _words(other)
    shared = len(first & second) / max(len(first | second), 1)
    return shared - 0.02 * abs(len(one) - len(other))


def _module_function(site: Site, node: ast.Name, called: bool) -> Iterator[Mutation]:
    functions = [n.name for n in site.source.tree.body if isinstance(n, DEFINITIONS)]
    if not called or node.id not in functions:
        return
    likeness = {f: alike(node.id, f) for f in functions if f not in (node.id, site.unit.name)}
    others = sorted((f for f in likeness if likeness[f] > 0.1), key=lambda f: (-likeness[f], f))[:8]
    for other in others:
        what = f"`{other}` is called, not `{node.id}`"
        yield site.swap("function", node, other, what, len(others), likeness[other], (other,))


def _undefined(site: Site, node: ast.Name) -> Iterator[Mutation]:
    if node.id in site.source.module_names or f"'{node.id}'" not in site.clues.error_text:
        return
    kept, methods = site.unit.self_attributes
    if node.id in kept | methods:
        yield site.swap(
            "undefined", node, f"self.{node.id}", f"`{node.id}` is an attribute of self"
        )
    for other in sorted({*site.unit.first_bound, *site.source.module_names} - {node.id}):
        if alike(node.id, other) > 0.2 or other.startswith(node.id[:3]):
            bonus = alike(node.id, other)
            yield site.swap(
                "undefined", node, other, f"`{node.id}` becomes `{other}`", 2, bonus, (other,)
            )


_TRIMS = frozenset(("strip", "lstrip", "rstrip"))
_CONSTRUCTORS = frozenset(("set", "list", "int", "float"))


def _agrees(site: Site, old: str, new: str) -> float:
    """Whether what the value is called speaks for one of two siblings: `max_so_far = max(…)`."""
    statement: ast.AST | None = site.node
    while statement is not None and not isinstance(statement, ast.stmt):
        statement = site.source.parents.get(statement)
    said = {site.unit.name}
    if isinstance(statement, ast.Assign):
        said = {site.of(statement.targets[0])}
    named = {word for name in said for word in words(name)}
    trims = 0.8 * (new == "strip") - 0.8 * (old == "strip") if old in _TRIMS else 0.0
    return 1.2 * (new in named) - 1.2 * (old in named) + trims


def _one_or_many(site: Site, method: str) -> float:
    """Whether what is put into a list is one element or a list of them."""
    call = site.parent
    if method not in ("append", "extend") or not isinstance(call, ast.Call) or not call.args:
        return 0.0
    many = bool(sorts(site.unit, call.args[0]) & {MANY, SEQUENCE})
    return 0.8 if many == (method == "extend") else -2.0


_ONLY = {
    "[": frozenset(("add", "discard", "appendleft", "popleft", "union", "popitem")),
    "set(": frozenset(("append", "extend", "appendleft", "popleft", "insert", "popitem")),
    "deque(": frozenset(("add", "discard", "popitem")),
    "{": frozenset(("append", "extend", "appendleft", "popleft")),
}
"""Methods that what is made in this way doesn't have."""


def _foreign(site: Site, node: ast.Attribute, method: str) -> bool:
    """Whether the receiver is made where it shows that it has no such method."""
    receiver = re.escape(site.of(node.value))
    made = re.search(rf"(?<![\w.]){receiver}(?::[^=\n]+)? = ([a-z]*[(\[{{])", site.source.text)
    return made is not None and method in _ONLY.get(made[1], ())


@mutates(ast.Attribute)
def attribute(site: Site) -> Iterator[Mutation]:
    """A sibling method, or another attribute of self."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    last = site.source.span(node)[1]
    edit_at = (last - len(node.attr.encode()), last)
    parent = site.parent
    called = isinstance(parent, ast.Call) and parent.func is node
    siblings = [s for s in siblings_of(node.attr) if not _foreign(site, node, s)]
    own = -2.0 if node.attr in site.source.definitions else 0.0
    for other in siblings:
        what = f"`.{node.attr}` becomes `.{other}`"
        yield site.make(
            "sibling",
            [(*edit_at, other)],
            what,
            len(siblings),
            own
            - 1.5 * (other in RARE)
            + _one_or_many(site, other)
            + _agrees(site, node.attr, other),
            (other,),
        )
    if not (isinstance(node.value, ast.Name) and node.value.id == "self") or node.attr in siblings:
        return
    kept, methods = site.unit.self_attributes
    pool = methods - kept if called else kept - methods
    others = sorted(
        n for n in pool if n not in (node.attr, site.unit.name) and not n.startswith("__")
    )
    if called:
        others = [n for n in others if alike(node.attr, n) > 0.1]
    for other in others:
        unread = (
            1.5 if site.source.loads.get(other, 0) == 0 and isinstance(node.ctx, ast.Load) else 0.0
        )
        bonus = unread + alike(node.attr, other) - 1.5 * _beside(site, f"self.{other}")
        bonus -= 1.0 * (not isinstance(node.ctx, ast.Load))
        if not called:
            bonus += fit(site.unit, node, f"self.{other}")
            wanted = sorts(site.unit, node)
            there = sorts(site.unit, ast.Attribute(node.value, other))
            bonus -= 2.0 * conflict(wanted, there)
        what = f"`self.{node.attr}` becomes `self.{other}`"
        yield site.make("attribute", [(*edit_at, other)], what, len(others), bonus, (other,))
