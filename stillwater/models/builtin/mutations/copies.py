"""What the same file does right elsewhere: statements, attributes and names to copy and adapt.

Much of what repairs code is already in the file that it repairs (Barr et al., "The Plastic
Surgery Hypothesis", FSE 2014), most of it in the same function or class.
"""

import ast
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates
from stillwater.models.builtin.mutations.names import alike
from stillwater.models.builtin.mutations.returns import values_returned
from stillwater.models.builtin.sorts import SEQUENCE, sorts
from stillwater.models.builtin.source import Unit

_MOST = 8
_POOL = 10
_SHORT = 80


@mutates(ast.If, ast.For, ast.While)
def copied_statement(site: Site) -> Iterator[Mutation]:
    """A simple statement of another branch, or of a sibling method, at the end of a block."""
    node = site.node
    assert isinstance(node, ast.If | ast.For | ast.While)
    for block in (node.body, node.orelse):
        if block and not _is_elif(site, block):
            yield from _into(site, block, isinstance(node, ast.If))
    yield from _after(site, node)


@mutates(ast.FunctionDef, ast.AsyncFunctionDef)
def copied_into_body(site: Site) -> Iterator[Mutation]:
    """The same at the end of a function's body."""
    node = site.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    yield from _into(site, node.body, False)


def _is_elif(site: Site, block: list[ast.stmt]) -> bool:
    head = site.source.lines[block[0].lineno - 1].lstrip()
    return isinstance(block[0], ast.If) and head.startswith("elif")


def _into(site: Site, block: list[ast.stmt], branch: bool) -> Iterator[Mutation]:
    """The statements of the pool that the block lacks, at its end or before it leaves.

    What the unit does already is done again only in another branch.
    """
    last = block[-1]
    if not site.source.starts_line(last) or not site.source.starts_line(block[0]):
        return
    have = {site.of(s) for s in block}
    leaves = isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break)
    line = last.lineno if leaves else (last.end_lineno or last.lineno) + 1
    known = _known(site.unit, line)
    text_here = site.of(site.unit.node)
    fresh = [(t, own) for t, names, own in _pool(site.unit) if t not in have and names <= known]
    fresh = [(t, own) for t, own in fresh if branch or t not in text_here]
    for text, own in fresh[:_MOST]:
        indent = site.source.indent(last)
        at = site.source.starts[line - 1] if leaves else _end(site, last)
        what = f"`{text}` is done here too, as elsewhere"
        bonus = (1.0 if own else 0.0) + (0.5 if len(fresh) < 4 else 0.0)
        edit = (at, at, f"{indent}{text}\n")
        yield site.make("copy", [edit], what, min(len(fresh), _MOST), bonus, (), last)


def _after(site: Site, node: ast.If | ast.For | ast.While) -> Iterator[Mutation]:
    """After a loop, what the loop does with each piece, for the piece that is left."""
    if isinstance(node, ast.If) or node.orelse or not site.source.starts_line(node):
        return
    appends = [n for n in ast.walk(node) if isinstance(n, ast.Expr) and _appends(n)]
    local = [n for n, at in site.unit.first_bound.items() if at <= (node.end_lineno or 0)]
    stored = {
        n.id
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id in local
    }
    for one in appends[:2]:
        assert isinstance(one.value, ast.Call)
        argument = one.value.args[0]
        for name in sorted(stored):
            if isinstance(argument, ast.Name):
                at = _end(site, node)
                text = f"{site.of(one.value.func)}({name})"
                indent = site.source.indent(node)
                tail = (f"{indent}{text}\n", f"{indent}if {name}:\n{indent}    {text}\n")
                for added in tail:
                    what = f"`{text}` is done for what is left after the loop"
                    edit = (at, at, added)
                    yield site.make("copy-after", [edit], what, 2 * len(stored), 0.0, (), one)


def _appends(node: ast.Expr) -> bool:
    call = node.value
    name = getattr(call.func, "attr", "") if isinstance(call, ast.Call) else ""
    return name in ("append", "add") and isinstance(call, ast.Call) and len(call.args) == 1


def _end(site: Site, node: ast.stmt) -> int:
    return site.source.starts[node.end_lineno or node.lineno]


def _known(unit: Unit, line: int) -> set[str]:
    """Names that a statement in this line may use."""
    function = unit.function
    own = {a.arg for a in function.args.args[:1]} if function is not None else set()
    return own | {n for n, at in unit.first_bound.items() if at < line} | unit.source.module_names


def _pool(unit: Unit) -> list[tuple[str, frozenset[str], bool]]:
    """Short simple statements: of the unit (True), then of its class's other methods."""
    if unit.known_pool is None:
        own = [(n, True) for n in unit.nodes]
        others = [(n, False) for n in unit.source.members(unit.owner)]
        found: dict[str, tuple[str, frozenset[str], bool]] = {}
        for node, mine in [*own, *others]:
            if len(found) >= 4 * _POOL:
                break
            if _copyable(node):
                text = unit.source.of(node)
                names = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
                if len(text) <= _SHORT and "\n" not in text:
                    found.setdefault(text, (text, names, mine))
                    for other in _filled(unit, node) if mine else ():
                        adapted = other + text[text.index(".") :]
                        found.setdefault(adapted, (adapted, names | {other}, mine))
        unit.known_pool = list(found.values())
    return unit.known_pool


def _filled(unit: Unit, node: ast.AST) -> list[str]:
    """Other lists or sets of the unit that could be filled as this statement fills one."""
    call = node.value if isinstance(node, ast.Expr) else None
    func = call.func if isinstance(call, ast.Call) else None
    if not isinstance(func, ast.Attribute) or func.attr not in ("append", "add"):
        return []
    if not isinstance(func.value, ast.Name):
        return []
    others = (n for n in unit.first_bound if n != getattr(func.value, "id", ""))
    return [n for n in others if SEQUENCE in sorts(unit, ast.Name(n))][:3]


def _copyable(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    return isinstance(node, ast.AugAssign)


@mutates(ast.Attribute)
def seen_attribute(site: Site) -> Iterator[Mutation]:
    """Another attribute that the file reads of a thing with the same name."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    receiver = node.value
    if not isinstance(receiver, ast.Name) or receiver.id in ("self", "cls"):
        return
    parent = site.parent
    called = isinstance(parent, ast.Call) and parent.func is node
    seen = site.source.attributes.get(receiver.id, {})
    others = [n for n, c in seen.items() if n != node.attr and c == called]
    for elsewhere in site.source.attributes.values():
        close = [n for n in elsewhere if n not in seen and alike(node.attr, n) > 0.3]
        others += [n for n in close if elsewhere[n] == called and n not in others]
    others = sorted(others, key=lambda n: (-alike(node.attr, n), n))[:_MOST]
    last = site.source.span(node)[1]
    for other in others:
        what = f"`{site.of(node)}` becomes `{receiver.id}.{other}`"
        edit = (last - len(node.attr.encode()), last, other)
        bonus = alike(node.attr, other)
        yield site.make("attribute", [edit], what, len(others), bonus, (other,))


@mutates(ast.Name)
def own_attribute(site: Site) -> Iterator[Mutation]:
    """The attribute of self that is named as a local is."""
    node = site.node
    assert isinstance(node, ast.Name)
    kept, _ = site.unit.self_attributes
    if not isinstance(node.ctx, ast.Load) or site.unit.function is None:
        return
    for other in (node.id, f"_{node.id}"):
        if other in kept:
            what = f"`{node.id}` becomes `self.{other}`"
            yield site.swap("to-self", node, f"self.{other}", what, 1, 0.0, (other,))


@mutates(ast.Attribute)
def own_parameter(site: Site) -> Iterator[Mutation]:
    """The parameter that is named as an attribute of self is."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    name = node.attr.lstrip("_")
    mine = isinstance(node.value, ast.Name) and node.value.id == "self"
    if mine and isinstance(node.ctx, ast.Load) and name in site.unit.parameters:
        bonus = 1.5 if name in site.unit.unused else 0.0
        what = f"`{site.of(node)}` becomes `{name}`"
        yield site.swap("from-self", node, name, what, 1, bonus, (name,))


@mutates(ast.Constant)
def named_constant(site: Site) -> Iterator[Mutation]:
    """A text that names a parameter, which was meant; a text like one that the issue quotes."""
    node = site.node
    assert isinstance(node, ast.Constant)
    if not isinstance(node.value, str) or isinstance(site.parent, ast.Expr | ast.JoinedStr):
        return
    if node.value in site.unit.parameters:
        bonus = 1.5 if node.value in site.unit.unused else 0.0
        what = f"`{node.value}` is the parameter, not a text"
        yield site.swap("text-to-name", node, node.value, what, 1, bonus, (node.value,))
    fresh = sorted(t for t in site.clues.literals if t != node.value and alike(node.value, t) > 0.2)
    for new in fresh[:_MOST]:
        what = f'{site.of(node)} becomes "{new}"'
        yield site.swap("text-said", node, f'"{new}"', what, len(fresh[:_MOST]), 0.0, (new,))


@mutates(ast.Return)
def bare_return(site: Site) -> Iterator[Mutation]:
    """A bare return where the function's other ways out give a value."""
    node = site.node
    assert isinstance(node, ast.Return)
    if node.value is not None:
        return
    values = list(dict.fromkeys(site.of(v) for v in values_returned(site)))
    if not values and site.unit.function is not site.source.parents.get(node):
        return
    names = [v for v in values if v.isidentifier()]
    names += [p for p in site.unit.parameters if p not in names]
    for text in names[:_MOST]:
        bonus = 1.0 if text in values else 0.0
        what = f"`{text}` is returned, not nothing"
        yield site.swap("return-value", node, f"return {text}", what, len(names), bonus, (text,))


@mutates(ast.Call)
def getattr_default(site: Site) -> Iterator[Mutation]:
    """`getattr` of what may be missing."""
    node = site.node
    assert isinstance(node, ast.Call)
    if getattr(node.func, "id", "") == "getattr" and len(node.args) == 2:
        at = site.source.span(node.args[1])[1]
        what = f"`{site.of(node)}` falls back to None"
        yield site.make("getattr-default", [(at, at, ", None")], what)


@mutates(ast.If)
def deepest_else(site: Site) -> Iterator[Mutation]:
    """A collection of what was seen, asked in an `if` with `elif`s, that nothing fills."""
    node = site.node
    assert isinstance(node, ast.If)
    test = node.test
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.In):
        return
    name, item = site.of(test.comparators[0]), site.of(test.left)
    if f"{name}.add(" in site.of(site.unit.node) or f"{name}.append(" in site.of(site.unit.node):
        return
    last: list[ast.stmt] = node.orelse
    while last and _is_elif(site, last):
        inner = last[0]
        last = inner.orelse if isinstance(inner, ast.If) else []
    made = f"{name} = set()" in site.source.text or f"{name}: set[" in site.source.text
    if last and last is not node.orelse and site.source.starts_line(last[0]):
        line = f"{name}.{'add' if made else 'append'}({item})"
        what = f"`{name}` is never filled: `{line}`"
        yield site.insert("never-filled", last[0], [line], what)
