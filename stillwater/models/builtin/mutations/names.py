"""Wrong names: variables, attributes, methods, and arguments in the wrong order or forgotten."""

import ast
from collections.abc import Iterator, Sequence

from stillwater.models.builtin.mutation import Mutation, Site, mutates
from stillwater.models.builtin.source import DEFINITIONS, Definition, words

_SIBLINGS: tuple[tuple[str, ...], ...] = (
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("min", "max"),
    ("any", "all"),
    ("floor", "ceil", "trunc"),
    ("append", "extend"),
    ("append", "appendleft"),
    ("append", "add"),
    ("pop", "popleft"),
    ("lower", "upper", "casefold"),
    ("keys", "values", "items"),
    ("strip", "lstrip", "rstrip"),
    ("ljust", "rjust", "center"),
    ("split", "rsplit"),
    ("split", "splitlines"),
    ("partition", "rpartition"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("match", "fullmatch", "search"),
    ("copy", "deepcopy"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset"),
    ("update", "setdefault"),
    ("remove", "discard"),
    ("bisect_left", "bisect_right"),
    ("bisect", "bisect_left"),
    ("insort_left", "insort_right"),
    ("heappop", "heappush"),
    ("nlargest", "nsmallest"),
    ("seconds", "total_seconds()"),
    ("isdigit", "isalnum", "isalpha"),
    ("sub", "subn"),
    ("setattr", "getattr"),
    ("isinstance", "issubclass"),
    ("permutations", "combinations"),
    ("zip", "zip_longest"),
    ("hour", "minute"),
    ("minute", "second"),
    ("month", "day"),
    ("start", "end"),
    ("left", "right"),
    ("first", "last"),
    ("width", "height"),
    ("row", "column"),
    ("rows", "columns"),
    ("int", "float"),
    ("int", "round"),
    ("list", "set"),
    ("classmethod", "staticmethod"),
    ("weekday", "isoweekday"),
    ("quote", "quote_plus"),
    ("encode", "decode"),
    ("rstrip", "removesuffix"),
    ("lstrip", "removeprefix"),
    ("popitem", "pop"),
    ("prev", "next"),
    ("previous", "next"),
    ("head", "tail"),
)


def _siblings(name: str) -> list[str]:
    return [other for group in _SIBLINGS if name in group for other in group if other != name]


@mutates(ast.Name)
def variable(site: Site) -> Iterator[Mutation]:
    """Another variable of the same function; a function's sibling; what a NameError lacks."""
    node = site.node
    assert isinstance(node, ast.Name)
    parent = site.parent
    if not isinstance(node.ctx, ast.Load) or _in_annotation(site):
        return
    called = isinstance(parent, ast.Call) and parent.func is node
    siblings = _siblings(node.id)
    for other in siblings:
        known = other in site.source.module_names or other in __builtins_names__
        if known and (called or other in site.source.module_names):
            what = f"`{node.id}` becomes `{other}`"
            yield site.swap("sibling", node, other, what, len(siblings), 0.0, (other,))
    if called or site.unit.function is None:
        yield from _module_function(site, node, called)
        return
    bound = site.unit.first_bound
    if node.id not in bound:
        yield from _undefined(site, node)
        return
    others = [n for n, at in bound.items() if n != node.id and at < node.lineno and n != "_"]
    for other in others:
        bonus = 2.2 if other in site.unit.unused and not _stub(site.unit.function) else 0.0
        bonus += _alike(node.id, other) - (1.0 if isinstance(parent, ast.Attribute) else 0.0)
        what = f"`{node.id}` becomes `{other}`"
        yield site.swap("variable", node, other, what, len(others), bonus, (other,))


__builtins_names__ = frozenset({"min", "max", "any", "all", "int", "float", "round", "list", "set"})


def _in_annotation(site: Site) -> bool:
    parent = site.parent
    return isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is site.node


def _stub(function: Definition | None) -> bool:
    return (
        function is None or len(function.body) < 2 and not isinstance(function.body[0], ast.Return)
    )


def _alike(one: str, other: str) -> float:
    """How easily two names are mistaken: shared words, length."""
    first, second = set(words(one)), set(words(other))
    shared = len(first & second) / max(len(first | second), 1)
    return shared - 0.02 * abs(len(one) - len(other))


def _module_function(site: Site, node: ast.Name, called: bool) -> Iterator[Mutation]:
    functions = [n.name for n in site.source.tree.body if isinstance(n, DEFINITIONS)]
    if not called or node.id not in functions:
        return
    others = [
        f for f in functions if f not in (node.id, site.unit.name) and _alike(node.id, f) > 0.1
    ]
    for other in others:
        what = f"`{other}` is called, not `{node.id}`"
        yield site.swap(
            "function", node, other, what, len(others), _alike(node.id, other), (other,)
        )


def _undefined(site: Site, node: ast.Name) -> Iterator[Mutation]:
    if node.id in site.source.module_names or f"'{node.id}'" not in site.clues.error_text:
        return
    kept, methods = site.unit.self_attributes
    if node.id in kept | methods:
        yield site.swap(
            "undefined", node, f"self.{node.id}", f"`{node.id}` is an attribute of self"
        )
    for other in sorted({*site.unit.first_bound, *site.source.module_names} - {node.id}):
        if _alike(node.id, other) > 0.2 or other.startswith(node.id[:3]):
            bonus = _alike(node.id, other)
            yield site.swap(
                "undefined", node, other, f"`{node.id}` becomes `{other}`", 2, bonus, (other,)
            )


@mutates(ast.Attribute)
def attribute(site: Site) -> Iterator[Mutation]:
    """A sibling method, or another attribute of self."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    last = site.source.span(node)[1]
    edit_at = (last - len(node.attr.encode()), last)
    parent = site.parent
    called = isinstance(parent, ast.Call) and parent.func is node
    siblings = _siblings(node.attr)
    for other in siblings:
        what = f"`.{node.attr}` becomes `.{other}`"
        yield site.make("sibling", [(*edit_at, other)], what, len(siblings), 0.0, (other,))
    if not (isinstance(node.value, ast.Name) and node.value.id == "self") or node.attr in siblings:
        return
    kept, methods = site.unit.self_attributes
    pool = methods - kept if called else kept - methods
    others = sorted(
        n for n in pool if n not in (node.attr, site.unit.name) and not n.startswith("__")
    )
    if called:
        others = [n for n in others if _alike(node.attr, n) > 0.1]
    for other in others:
        unread = (
            1.5 if site.source.loads.get(other, 0) == 0 and isinstance(node.ctx, ast.Load) else 0.0
        )
        bonus = unread + _alike(node.attr, other)
        what = f"`self.{node.attr}` becomes `self.{other}`"
        yield site.make("attribute", [(*edit_at, other)], what, len(others), bonus, (other,))


@mutates(ast.Call)
def arguments(site: Site) -> Iterator[Mutation]:
    """Two arguments swapped; one forgotten, where the callee's definition is shown."""
    node = site.node
    assert isinstance(node, ast.Call)
    plain = [a for a in node.args if not isinstance(a, ast.Starred)]
    for left, right in zip(plain, plain[1:], strict=False):
        first, second = site.of(left), site.of(right)
        if first == second:
            continue
        edits = [(*site.source.span(left), second), (*site.source.span(right), first)]
        bonus = -1.0 if isinstance(left, ast.Constant) or isinstance(right, ast.Constant) else 0.0
        bonus += _crossed(site, node, [first, second], plain.index(left))
        what = f"`{first}` and `{second}` change places in `{site.of(node)[:60]}`"
        yield site.make("swap-arguments", edits, what, len(plain) - 1, bonus)
    yield from _forgotten(site, node, plain)


def _crossed(site: Site, call: ast.Call, pair: Sequence[str], at: int) -> float:
    """Whether the callee's parameters are named as the arguments are, the other way round."""
    names = _parameters(site, call)
    if not names or len(names) < at + 2:
        return 0.0
    return 3.0 if names[at] == pair[1] or names[at + 1] == pair[0] else 0.0


def _callee(site: Site, call: ast.Call) -> Definition | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    found = [n for n in ast.walk(site.source.tree) if isinstance(n, DEFINITIONS) and n.name == name]
    if not found:
        for owner in ast.walk(site.source.tree):
            if isinstance(owner, ast.ClassDef) and owner.name == name:
                found = [
                    n for n in owner.body if isinstance(n, DEFINITIONS) and n.name == "__init__"
                ]
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
