"""Statements: moved, dropped, turned into others, or missing a return."""

import ast
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates
from stillwater.models.builtin.source import DEFINITIONS

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign)


def _body_of(site: Site) -> list[ast.stmt]:
    """The list of statements that this one is in."""
    for part in ("body", "orelse", "finalbody"):
        body = getattr(site.parent, part, [])
        if isinstance(body, list) and site.node in body:
            return body
    return []


def _whole_lines(site: Site, node: ast.stmt) -> tuple[int, int]:
    return site.source.starts[node.lineno - 1], site.source.starts[node.end_lineno or node.lineno]


@mutates(ast.Expr)
def missing_return(site: Site) -> Iterator[Mutation]:
    """The last expression of a function, returned."""
    node = site.node
    assert isinstance(node, ast.Expr)
    body = _body_of(site)
    if isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom):
        return
    if not body or body[-1] is not node or not isinstance(node.value, ast.Call):
        return
    at = site.source.span(node)[0]
    what = f"`{site.of(node)[:60]}` is returned"
    others = any(isinstance(n, ast.Return) and n.value is not None for n in site.unit.nodes)
    recursive = (
        getattr(node.value.func, "attr", getattr(node.value.func, "id", "")) == site.unit.name
    )
    bonus = (0.0 if others else -1.5) + 2.0 * recursive
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


@mutates(ast.Return, ast.Raise, ast.Expr, ast.Assign, ast.AugAssign)
def dedented(site: Site) -> Iterator[Mutation]:
    """The last statement of a block, moved out of it."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = _body_of(site)
    outer = site.parent
    if (
        len(body) < 2
        or body[-1] is not node
        or not isinstance(outer, ast.For | ast.While | ast.If | ast.With)
    ):
        return
    if isinstance(outer, ast.If) and body is outer.orelse:
        return
    if not site.source.starts_line(node) or not site.source.starts_line(outer):
        return
    first, last = _whole_lines(site, node)
    loop = isinstance(outer, ast.For | ast.While)
    end = outer.end_lineno or node.lineno
    if outer.orelse if isinstance(outer, ast.For | ast.While | ast.If) else False:
        return
    text = _reindented(site, node, site.source.indent(outer))
    bonus = 0.8 if loop and isinstance(node, ast.Return) else -0.6 - (not loop) * 0.8
    what = f"`{site.of(node)[:60]}` moves out of the block"
    at = site.source.starts[end]
    yield site.make("dedent", [(first, last, ""), (at, at, text)], what, 1, bonus)


@mutates(ast.Return, ast.Expr, ast.Assign, ast.AugAssign)
def indented(site: Site) -> Iterator[Mutation]:
    """The statement after a block, moved into it."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = _body_of(site)
    at = body.index(node) if node in body else 0
    before = body[at - 1] if at else None
    if not isinstance(before, ast.For | ast.While | ast.If) or before.orelse:
        return
    inner = before.body[-1]
    if isinstance(inner, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return
    if not (site.source.starts_line(node) and site.source.starts_line(inner)):
        return
    text = _reindented(site, node, site.source.indent(inner))
    bonus = -0.8 if isinstance(node, ast.Return) else -0.2
    what = f"`{site.of(node)[:60]}` moves into the block above"
    yield site.make("indent", [(*_whole_lines(site, node), text)], what, 1, bonus)


def _reindented(site: Site, node: ast.stmt, indent: str) -> str:
    old = len(site.source.indent(node))
    lines = site.source.lines[node.lineno - 1 : node.end_lineno]
    return "".join(f"{indent}{line[old:]}\n" if line.strip() else "\n" for line in lines)


@mutates(*_SIMPLE)
def reordered(site: Site) -> Iterator[Mutation]:
    """Two neighbours in the other order."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = _body_of(site)
    at = body.index(node) if node in body else 0
    after = body[at + 1] if 0 <= at < len(body) - 1 else None
    if not isinstance(after, (*_SIMPLE, ast.If)) or _is_doc(node):
        return
    if not (site.source.starts_line(node) and site.source.starts_line(after)):
        return
    mine, theirs = _names(node), _names(after)
    first, _ = _whole_lines(site, node)
    start, end = _whole_lines(site, after)
    data = site.source.data
    text = (data[start:end] + data[first:start]).decode(errors="replace")
    if not text.endswith("\n"):
        return
    bonus = 0.0 if mine & theirs else -2.0
    what = f"`{site.of(after).splitlines()[0][:50]}` comes before `{site.of(node)[:50]}`"
    yield site.make("reorder", [(first, end, text)], what, 1, bonus)


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _names(node: ast.AST) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return (found | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}) - {"self"}


@mutates(ast.Break, ast.Continue, ast.Return, ast.Pass)
def jump(site: Site) -> Iterator[Mutation]:
    """`break` against `continue` against `return`."""
    node = site.node
    old = site.of(node)
    in_loop = _in_loop(site)
    if isinstance(node, ast.Return) and (node.value is not None or not in_loop):
        if not (in_loop and isinstance(node.value, ast.Constant) and node.value.value is None):
            return
    options = {"break": ("continue",), "continue": ("break",), "pass": ("continue",)}.get(
        old, ("continue", "break")
    )
    for new in options:
        if in_loop:
            yield site.swap("jump", node, new, f"`{old}` becomes `{new}`", len(options))


def _in_loop(site: Site) -> bool:
    node: ast.AST | None = site.parent
    while node is not None and not isinstance(node, DEFINITIONS):
        if isinstance(node, ast.For | ast.While):
            return True
        node = site.source.parents.get(node)
    return False


@mutates(ast.If, ast.While)
def other_keyword(site: Site) -> Iterator[Mutation]:
    """`if` against `while`, `elif` against `if`."""
    node = site.node
    assert isinstance(node, ast.If | ast.While)
    first = site.source.span(node)[0]
    written = site.source.data[first : first + 5].decode(errors="replace")
    if isinstance(node, ast.If) and written.startswith("elif"):
        edit = (first, first + 4, "if")
        yield site.make("elif", [edit], f"`{site.of(node.test)}` is asked in any case", 1)
    elif (
        isinstance(node, ast.If)
        and not node.orelse
        and not isinstance(node.body[-1], ast.Return | ast.Raise)
    ):
        edit = (first, first + 2, "while")
        changes = _names(node.test) & {
            n.id
            for s in node.body
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        what = f"`{site.of(node.test)}` is asked again and again"
        yield site.make("while", [edit], what, 1, 0.5 if changes else -1.5)


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
            yield site.swap("return-one", value, text + one, f"the result changes by{one}", 2)
    if isinstance(value, ast.Constant) and value.value is None:
        options = ("False", "0", '""', "[]", "{}")
        for new in options:
            yield site.swap(
                "return-default", value, new, f"`{new}` is returned, not None", len(options)
            )
    if (
        isinstance(value, ast.Call)
        and text.startswith("self.") is False
        and isinstance(value.func, ast.Attribute)
    ):
        return
    if isinstance(value, ast.List) and not value.elts and site.unit.parameters:
        for new in ("[[]]", "None"):
            yield site.swap("return-default", value, new, f"`{new}` is returned, not []", 3)


@mutates(*_SIMPLE, ast.If)
def dropped(site: Site) -> Iterator[Mutation]:
    """A statement that should not be there."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = _body_of(site)
    plain = not isinstance(node, ast.If) or (not node.orelse and len(node.body) == 1)
    if len(body) < 2 or _is_doc(node) or not plain or not site.source.starts_line(node):
        return
    binds = {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    if any(site.unit.first_bound.get(name) == node.lineno for name in binds):
        return
    if site.source.lines[node.lineno - 1].lstrip().startswith("elif"):
        return
    what = f"`{site.of(node).splitlines()[0][:60]}` goes"
    yield site.make("drop", [(*_whole_lines(site, node), "")], what)
