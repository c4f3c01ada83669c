"""Statements: moved, dropped, missing, or turned into others."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import (
    Mutation,
    Site,
    loop_around,
    mutates,
    siblings_of,
    whole_lines,
)

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign)


@mutates(ast.Return, ast.Raise, ast.Expr, ast.Assign, ast.AugAssign)
def dedented(site: Site) -> Iterator[Mutation]:
    """The last statement of a block, moved out of it."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = siblings_of(site)
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
    first, last = whole_lines(site, node)
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
    body = siblings_of(site)
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
    yield site.make("indent", [(*whole_lines(site, node), text)], what, 1, bonus)


def _reindented(site: Site, node: ast.stmt, indent: str) -> str:
    old = len(site.source.indent(node))
    lines = site.source.lines[node.lineno - 1 : node.end_lineno]
    return "".join(f"{indent}{line[old:]}\n" if line.strip() else "\n" for line in lines)


@mutates(*_SIMPLE)
def reordered(site: Site) -> Iterator[Mutation]:
    """Two neighbours in the other order."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = siblings_of(site)
    at = body.index(node) if node in body else 0
    after = body[at + 1] if 0 <= at < len(body) - 1 else None
    if not isinstance(after, (*_SIMPLE, ast.If)) or _is_doc(node):
        return
    if not (site.source.starts_line(node) and site.source.starts_line(after)):
        return
    mine, theirs = _names(node), _names(after)
    first, _ = whole_lines(site, node)
    start, end = whole_lines(site, after)
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
    nothing = not isinstance(node, ast.Return) or site.of(node) in ("return", "return None")
    if not nothing or not loop_around(site) is not None:
        return
    old = site.of(node)
    options = [new for new in ("continue", "break") if new != old][: 1 + (old[:6] == "return")]
    for new in options:
        yield site.swap("jump", node, new, f"`{old}` becomes `{new}`", len(options))


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


@mutates(ast.While)
def while_filled(site: Site) -> Iterator[Mutation]:
    """`while True` over a collection that is emptied in the loop."""
    node = site.node
    assert isinstance(node, ast.While)
    if not isinstance(node.test, ast.Constant):
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and inner.attr in ("pop", "popleft", "get_nowait"):
            name = site.of(inner.value)
            what = f"the loop ends when `{name}` is empty"
            yield site.swap("while-filled", node.test, name, what)


@mutates(ast.Compare)
def never_filled(site: Site) -> Iterator[Mutation]:
    """A collection that is asked for members, but nothing is ever put into it."""
    node = site.node
    assert isinstance(node, ast.Compare)
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.In | ast.NotIn):
        return
    name, item = site.of(node.comparators[0]), site.of(node.left)
    text = site.of(site.unit.node)
    made = re.search(rf"\b{re.escape(name)}(?:: [^=\n]+)? = (set\(\)|\[\])", text)
    if made is None or re.search(
        rf"\b{re.escape(name)}\.(add|append|update|extend)|{re.escape(name)} [|+]=", text
    ):
        return
    verb = "add" if made[1] == "set()" else "append"
    outer: ast.AST | None = node
    while outer is not None and not isinstance(outer, ast.If):
        outer = site.source.parents.get(outer)
    if not isinstance(outer, ast.If) or not site.source.starts_line(outer):
        return
    into = outer.body[0] if isinstance(node.ops[0], ast.NotIn) else (outer.orelse or [outer])[0]
    line = f"{name}.{verb}({item})"
    if into is outer:
        after = [
            s
            for s in getattr(site.source.parents.get(outer), "body", [])
            if s.lineno > outer.lineno
        ]
        into = after[0] if after else outer
    if site.source.starts_line(into):
        yield site.insert("never-filled", into, [line], f"`{name}` is never filled: `{line}`")


@mutates(*_SIMPLE, ast.If)
def dropped(site: Site) -> Iterator[Mutation]:
    """A statement that should not be there."""
    node = site.node
    assert isinstance(node, ast.stmt)
    body = siblings_of(site)
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
    yield site.make("drop", [(*whole_lines(site, node), "")], what)


@mutates(ast.For)
def flushed(site: Site) -> Iterator[Mutation]:
    """A loop that gathers pieces and hands each on when it is full, but not the last one."""
    node = site.node
    assert isinstance(node, ast.For)
    for inner in node.body:
        if not isinstance(inner, ast.If) or len(inner.body) < 2:
            continue
        first, *rest = inner.body
        fresh = [s for s in rest if isinstance(s, ast.Assign) and isinstance(s.value, ast.List)]
        piece = site.of(fresh[0].targets[0]) if fresh else ""
        handed = isinstance(first, ast.Expr) and piece and piece in _names(first)
        if not handed or not site.source.starts_line(node) or node.orelse:
            continue
        indent = site.source.indent(node)
        at = site.source.starts[node.end_lineno or node.lineno]
        text = f"{indent}if {piece}:\n{indent}    {site.of(first)}\n"
        what = f"what is left in `{piece}` after the loop is handed on too"
        yield site.make("flush", [(at, at, text)], what, 1, 0.0, (), first)


@mutates(ast.While)
def never_updated(site: Site) -> Iterator[Mutation]:
    """A local that a loop reads, and that starts as nothing, but that no turn gives a value."""
    node = site.node
    assert isinstance(node, ast.While)
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    stored = {n.id: n.lineno for n in names if isinstance(n.ctx, ast.Store)}
    read = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    empty = {
        site.of(n.targets[0])
        for n in site.unit.nodes
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)
    }
    for name in sorted(read & empty - stored.keys()):
        for other, line in sorted(stored.items()):
            before = [s for s in node.body if s.lineno == line]
            if before and site.source.starts_line(before[0]):
                text = f"{name} = {other}"
                what = f"each turn of the loop sets `{text}`"
                yield site.insert("never-updated", before[0], [text], what, len(stored))
