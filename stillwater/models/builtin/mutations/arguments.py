"""Arguments in the wrong order, forgotten, or off by one."""

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise

from stillwater.models.builtin.mutation import Mutation, Site, mutates
from stillwater.models.builtin.sorts import conflict, countable, sorts
from stillwater.models.builtin.source import DEFINITIONS, Definition, words

_COMMON = frozenset(name for kind in (dict, list, str, set) for name in dir(kind))
_ORDERED = frozenset(
    words(
        "isinstance issubclass getattr hasattr setattr delattr map filter enumerate get setdefault "
        "range replace pop insert print partial sub split open"
    )
)
"""Calls whose order of arguments nobody gets wrong without noticing at once."""


@mutates(ast.Call)
def arguments(site: Site) -> Iterator[Mutation]:
    """Two arguments swapped; one forgotten, where the callee's definition is shown."""
    node = site.node
    assert isinstance(node, ast.Call)
    plain = [a for a in node.args if not isinstance(a, ast.Starred)]
    for left, right in pairwise(plain):
        first, second = site.of(left), site.of(right)
        if first == second or site.of(node.func).rpartition(".")[2] in _ORDERED:
            continue
        edits = [(*site.source.span(left), second), (*site.source.span(right), first)]
        bonus = -1.0 if isinstance(left, ast.Constant) or isinstance(right, ast.Constant) else 0.0
        bonus -= 2.0 * conflict(sorts(site.unit, left), sorts(site.unit, right))
        bonus += _crossed(site, node, [first, second], plain.index(left))
        what = f"`{first}` and `{second}` change places in `{site.of(node)[:60]}`"
        yield site.make("swap-arguments", edits, what, len(plain) - 1, bonus)
    yield from _forgotten(site, node, plain)
    yield from _one_further(site, node, plain)


def _one_further(site: Site, call: ast.Call, plain: Sequence[ast.expr]) -> Iterator[Mutation]:
    """An argument of a recursive call that is off by one."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    inner = {n.name for n in site.unit.nodes if isinstance(n, DEFINITIONS)}
    if name not in inner:
        return
    for argument in plain:
        if isinstance(argument, ast.Name):
            for new in (f"{argument.id} + 1", f"{argument.id} - 1"):
                what = f"`{name}` is called with `{new}`"
                fits = countable(site.unit, argument)
                yield site.swap("argument-one", argument, new, what, 2, fits)


def _crossed(site: Site, call: ast.Call, pair: Sequence[str], at: int) -> float:
    """Whether the callee's parameters are named as the arguments are, the other way round."""
    names = _parameters(site, call)
    if not names or len(names) < at + 2:
        return 0.0
    return 3.0 if names[at] == pair[1] or names[at + 1] == pair[0] else 0.0


def _callee(site: Site, call: ast.Call) -> Definition | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    on = call.func.value if isinstance(call.func, ast.Attribute) else None
    if on is not None and name in _COMMON and getattr(on, "id", "") not in ("self", "cls"):
        return None
    found = site.source.definitions.get(name) or site.source.constructors.get(name, [])
    return found[0] if len(found) == 1 else None


def _parameters(site: Site, call: ast.Call) -> list[str]:
    callee = _callee(site, call)
    if callee is None:
        return []
    args = callee.args
    names = [a.arg for a in [*args.posonlyargs, *args.args]]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _forgotten(site: Site, call: ast.Call, plain: Sequence[ast.expr]) -> Iterator[Mutation]:
    callee = _callee(site, call)
    if callee is None or len(plain) != len(call.args):
        return
    positional = _parameters(site, call)[len(plain) :]
    names = [*positional, *(a.arg for a in callee.args.kwonlyargs)]
    given = {k.arg for k in call.keywords}
    if None in given:
        return
    mine = {*site.unit.parameters}
    kept, _ = site.unit.self_attributes
    values = [(n, n) for n in names if n not in given and n in mine]
    values += [(n, f"self.{n}") for n in names if n not in given | mine and n in kept]
    values += [(n, f"self._{n}") for n in names if n not in given | mine and f"_{n}" in kept]
    for name, value in values:
        last = site.source.span(call)[1] - 1
        separator = ", " if call.args or call.keywords else ""
        if site.source.data[:last].rstrip().endswith(b","):
            separator = " "
        bonus = 1.5 if name in site.unit.unused else 0.0
        edit = (last, last, f"{separator}{name}={value}")
        what = f"`{name}` is handed on to `{site.of(call.func)}`"
        yield site.make("forgotten-argument", [edit], what, len(values), bonus, (name,))
