"""What a function returns: nothing, too early, or another value."""

import ast
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates, siblings_of, whole_lines
from stillwater.models.builtin.sorts import countable
from stillwater.models.builtin.source import DEFINITIONS

_GIVES_NOTHING = frozenset(
    ("append", "extend", "insert", "add", "discard", "remove", "clear", "sort", "reverse", "update")
)


def values_returned(site: Site) -> list[ast.expr]:
    """What the innermost function around returns elsewhere."""
    around = site.parent
    while around is not None and not isinstance(around, DEFINITIONS):
        around = site.source.parents.get(around)
    if around is None or around is site.unit.node:
        inner = {m for n in site.unit.nodes[1:] if isinstance(n, DEFINITIONS) for m in ast.walk(n)}
        nodes = [n for n in site.unit.nodes if n not in inner]
    else:
        nodes = list(ast.walk(around))
    return [n.value for n in nodes if isinstance(n, ast.Return) and n.value is not None]


@mutates(ast.Expr)
def missing_return(site: Site) -> Iterator[Mutation]:
    """The last expression of a function, returned."""
    node = site.node
    assert isinstance(node, ast.Expr)
    body = siblings_of(site)
    if isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom):
        return
    if not body or body[-1] is not node or not isinstance(node.value, ast.Call):
        return
    if getattr(node.value.func, "attr", "") in _GIVES_NOTHING:
        return
    at = site.source.span(node)[0]
    what = f"`{site.of(node)[:60]}` is returned"
    others = bool(values_returned(site))
    recursive = (
        getattr(node.value.func, "attr", getattr(node.value.func, "id", "")) == site.unit.name
    )
    bonus = (0.0 if others else -1.5) + 2.0 * (recursive and others)
    yield site.make("missing-return", [(at, at, "return ")], what, 1, bonus)


@mutates(ast.FunctionDef, ast.AsyncFunctionDef)
def missing_last_return(site: Site) -> Iterator[Mutation]:
    """A function that builds something and never returns it."""
    node = site.node
    assert isinstance(node, DEFINITIONS)
    last = node.body[-1]
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node))
    if isinstance(last, ast.Return | ast.Raise) or yields or node.name == "__init__":
        return
    if not site.source.starts_line(last):
        return
    names = [
        n.targets[0].id
        for n in node.body
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    ]
    annotated = node.returns is not None and site.of(node.returns) != "None"
    indent = site.source.indent(node.body[-1])
    at = site.source.starts[last.end_lineno or last.lineno]
    for name in dict.fromkeys([*names[::-1], *(["self"] if site.unit.owner else [])]):
        bonus = (
            (1.0 if annotated else -0.5)
            - (0.8 if returns else 0.0)
            - (0.8 if name == "self" else 0.0)
        )
        text = f"{indent}return {name}\n"
        what = f"`{node.name}` returns `{name}`"
        yield site.make("missing-return", [(at, at, text)], what, 2, bonus, (), last)


@mutates(ast.Return)
def conditional_return(site: Site) -> Iterator[Mutation]:
    """A loop that returns what its first turn found, even if that is nothing."""
    node = site.node
    assert isinstance(node, ast.Return)
    outer = site.parent
    if not isinstance(outer, ast.For | ast.While) or outer.body[-1] is not node:
        return
    if node.value is None or not site.source.starts_line(node):
        return
    indent = site.source.indent(node)
    text = site.of(node.value)
    plain = isinstance(node.value, ast.Name)
    for test in (f"{text} is not None", text) if plain else ("found is not None",):
        lines = [] if plain else [f"{indent}found = {text}"]
        lines += [f"{indent}if {test}:", f"{indent}    return {text if plain else 'found'}"]
        edit = (*whole_lines(site, node), "".join(f"{line}\n" for line in lines))
        yield site.make("conditional-return", [edit], f"the loop goes on unless `{test}`", 2)


@mutates(ast.Return)
def returned(site: Site) -> Iterator[Mutation]:
    """Another value returned: one more, one less, negated, another local."""
    node = site.node
    assert isinstance(node, ast.Return)
    value = node.value
    if value is None:
        return
    text = site.of(value)
    if isinstance(value, ast.Compare | ast.BoolOp) or (
        isinstance(value, ast.Call) and text.startswith(("any", "all", "is"))
    ):
        yield site.swap(
            "negate-return", value, f"not ({text})", f"the returned `{text[:50]}` is negated"
        )
    if isinstance(value, ast.Name | ast.BinOp) and "\n" not in text:
        for one in (" + 1", " - 1"):
            what = f"the result changes by{one}"
            yield site.swap("return-one", value, text + one, what, 2, countable(site.unit, value))
    if isinstance(value, ast.Constant) and value.value is True and _is_last(site):
        counted = {site.of(n.target): None for n in site.unit.nodes if isinstance(n, ast.AugAssign)}
        for name in counted:
            what = f"it is true only when `{name}` is nothing in the end"
            yield site.swap("return-default", value, f"not {name}", what, len(counted), 1.0)
    if isinstance(value, ast.Constant) and value.value is None:
        options = ("False", "0", '""', "[]", "{}")
        for new in options:
            yield site.swap(
                "return-default", value, new, f"`{new}` is returned, not None", len(options)
            )
    if isinstance(value, ast.List) and not value.elts and site.unit.parameters:
        for new in ("[[]]", "None"):
            yield site.swap("return-default", value, new, f"`{new}` is returned, not []", 3)


def _is_last(site: Site) -> bool:
    function = site.unit.function
    return function is not None and function.body[-1] is site.node
