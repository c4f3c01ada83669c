"""Constants, bounds of ranges, slices and indexes, wrong strings, cache keys."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates, tight
from stillwater.models.builtin.sorts import countable
from stillwater.models.builtin.source import DEFINITIONS


@mutates(ast.Constant)
def number(site: Site) -> Iterator[Mutation]:
    """A number off by one, or the other of the usual values; a flag turned."""
    node = site.node
    assert isinstance(node, ast.Constant)
    value, old = node.value, site.of(node)
    if isinstance(value, bool):
        kind = "flag-default" if isinstance(site.parent, ast.arguments) else "flag"
        yield site.swap(kind, node, str(not value), f"`{value}` becomes `{not value}`")
    elif (
        isinstance(value, int)
        and value < 10**9
        and not re.fullmatch(r"0[xob].*", old, re.IGNORECASE)
    ):
        kind = "index" if isinstance(site.parent, ast.Subscript | ast.Slice) else "constant"
        options = [str(value + 1), str(value - 1)]
        if value in (0, 1) and not _compared(site):
            options.append("-1")
        options = list(dict.fromkeys(o for o in options if o != old))
        for new in options:
            text = f"({new})" if new.startswith("-") and tight(site, node) else new
            far = -1.2 if abs(value) > 2 and new not in site.clues.numbers else 0.0
            far -= 1.0 * isinstance(site.parent, ast.arguments)
            yield site.swap(kind, node, text, f"`{old}` becomes `{new}`", len(options), far)
        for new in sorted(site.clues.numbers - set(options) - {old}):
            yield site.swap("constant-wanted", node, new, f"`{old}` becomes `{new}`", 1, 0.0)
    elif isinstance(value, float) and value < 10**9:
        for new in (
            repr(value * 10),
            repr(value / 10),
            str(int(value)) if value == int(value) else "",
        ):
            if new and "e" not in new and "inf" not in new:
                yield site.swap("float", node, new, f"`{old}` becomes `{new}`", 3)


def _compared(site: Site) -> bool:
    return isinstance(site.parent, ast.Compare | ast.BinOp)


@mutates(ast.Constant)
def text(site: Site) -> Iterator[Mutation]:
    """A string that differs from what the failing assertion expects, made like it."""
    node = site.node
    assert isinstance(node, ast.Constant)
    value, old = node.value, site.of(node)
    if not isinstance(value, str) or len(value) > 60 or "\n" in old or _docstring(site):
        return
    for pair in site.clues.pairs:
        change = _differing(pair.actual, pair.expected)
        if change is None or change[0] == "" or change[0] not in old:
            continue
        new = old.replace(*change)
        vague = -1.5 if len(change[0]) < 2 and len(value) > 0 and not change[1] else 0.0
        yield site.swap("string-wanted", node, new, f"{old} becomes {new}", 1, vague)
    if value in ("", " ") and isinstance(site.parent, ast.Attribute):
        other = '" "' if value == "" else '""'
        yield site.swap("separator", node, other, f"the separator {old} becomes {other}")
    if _regex(site):
        yield from _patterns(site, node)


def _docstring(site: Site) -> bool:
    return isinstance(site.parent, ast.Expr)


def _differing(actual: object, expected: object) -> tuple[str, str] | None:
    """The part of two strings between what they start and end with alike."""
    if not isinstance(actual, str) or not isinstance(expected, str) or actual == expected:
        return None
    first = 0
    while first < min(len(actual), len(expected)) and actual[first] == expected[first]:
        first += 1
    last = 0
    room = min(len(actual), len(expected)) - first
    while last < room and actual[-1 - last] == expected[-1 - last]:
        last += 1
    new = expected[first : len(expected) - last]
    return (
        (actual[first : len(actual) - last], new)
        if new.isprintable() and not set(new) & set("'\"\\{}")
        else None
    )


def _regex(site: Site) -> bool:
    call = site.parent
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and bool(call.args)
        and call.args[0] is site.node
    )


def _patterns(site: Site, node: ast.Constant) -> Iterator[Mutation]:
    old = site.of(node)
    options: list[str] = []
    for found in re.finditer(r"(?<!\\)([+*])(\??)", old):
        first, last = found.span()
        other = "*" if found[1] == "+" else "+"
        options.append(old[:first] + other + found[2] + old[last:])
        options.append(old[:first] + found[1] + ("" if found[2] else "?") + old[last:])
    quote = re.search(r"['\"]", old)
    if quote and not old.endswith(("$" + quote[0], r"\Z" + quote[0])):
        options.append(old[:-1] + "$" + old[-1])
    if quote and old[quote.end() : quote.end() + 1] != "^":
        options.append(old[: quote.end()] + "^" + old[quote.end() :])
    options += [old.replace(r"\w", r"[\w-]", 1)] if r"\w" in old and "[" not in old else []
    options += [old.replace(r"\d", r"-?\d", 1)] if r"\d" in old and "-" not in old else []
    for new in dict.fromkeys(options):
        yield site.swap("regex", node, new, f"the pattern {old} becomes {new}", len(options))


@mutates(ast.Call)
def range_bounds(site: Site) -> Iterator[Mutation]:
    """`range` one further or one less far, at each end."""
    node = site.node
    assert isinstance(node, ast.Call)
    if not (isinstance(node.func, ast.Name) and node.func.id == "range" and node.args):
        return
    stop = node.args[0] if len(node.args) == 1 else node.args[1]
    already = isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add | ast.Sub)
    for new in (" + 1", " - 1"):
        if already and isinstance(stop, ast.BinOp) and site.of(stop.right) == "1":
            bonus = -1.0
        else:
            bonus = 0.3 if new == " + 1" else 0.0
        what = f"`{site.of(node)}` ends one {'later' if '+' in new else 'earlier'}"
        yield site.swap("range", stop, site.of(stop) + new, what, 2, bonus)
    if len(node.args) == 1:
        what = f"`{site.of(node)}` starts at 1"
        yield site.swap("range", stop, f"1, {site.of(stop)}", what, 2, -0.3)
    elif not isinstance(node.args[0], ast.Constant):
        start = node.args[0]
        for new in (" + 1", " - 1"):
            what = f"`{site.of(node)}` starts one {'later' if '+' in new else 'earlier'}"
            yield site.swap("range", start, site.of(start) + new, what, 2)


@mutates(ast.Subscript)
def subscript(site: Site) -> Iterator[Mutation]:
    """An index or a slice's bound one further; first against last; `.get` for a missing key."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if _annotation(site):
        return
    index = node.slice
    if isinstance(index, ast.Slice):
        yield from _slice(site, node, index)
        return
    load = isinstance(node.ctx, ast.Load)
    old = site.of(index)
    if old in ("0", "-1") and load:
        new = "-1" if old == "0" else "0"
        yield site.swap("first-last", index, new, f"`{site.of(node)}` takes index {new}")
    elif isinstance(index, ast.Name | ast.BinOp | ast.Call) and not _by_one(index):
        for new in (" - 1", " + 1"):
            fits = countable(site.unit, index)
            what = f"index `{old}` becomes `{old}{new}`"
            yield site.swap("index", index, old + new, what, 2, fits)
    if isinstance(index, ast.Tuple):
        yield from _indexes(site, node, index)
    if load and isinstance(index, ast.Name | ast.Attribute | ast.Constant | ast.Tuple):
        if isinstance(index, ast.Constant) and isinstance(index.value, int):
            return
        for new in (f".get({old})", f".get({old}, 0)", f".get({old}, {old})"):
            what = f"`{site.of(node)}` no longer fails on a missing key"
            yield site.swap("get", node, site.of(node.value) + new, what, 3)


def _indexes(site: Site, node: ast.Subscript, index: ast.Tuple) -> Iterator[Mutation]:
    """One of several indexes off by one, or two of them swapped."""
    names = [e for e in index.elts if isinstance(e, ast.Name)]
    for one in names:
        for sign in ("-", "+"):
            new = f"{one.id} {sign} 1"
            what = f"index `{one.id}` of `{site.of(node)}` becomes `{new}`"
            yield site.swap("index", one, new, what, 2, countable(site.unit, one))
    if len(index.elts) == len(names) == 2:
        what = f"the indexes of `{site.of(node)}` change places"
        new = f"{names[1].id}, {names[0].id}"
        text = f"({new})" if site.of(index).startswith("(") else new
        yield site.swap("swap-arguments", index, text, what, 1, -0.5)


def _by_one(node: ast.AST) -> bool:
    right = node.right if isinstance(node, ast.BinOp) else None
    return isinstance(right, ast.Constant) and right.value == 1


def _annotation(site: Site) -> bool:
    node: ast.AST = site.node
    while (parent := site.source.parents.get(node)) is not None:
        if isinstance(parent, ast.arg) or (
            isinstance(parent, ast.AnnAssign) and parent.annotation is node
        ):
            return True
        if isinstance(parent, DEFINITIONS) and parent.returns is node:
            return True
        if isinstance(parent, ast.stmt):
            return False
        node = parent
    return False


def _slice(site: Site, node: ast.Subscript, index: ast.Slice) -> Iterator[Mutation]:
    whole = site.of(node)
    for end, bound in (("start", index.lower), ("stop", index.upper)):
        if bound is None or isinstance(bound, ast.Constant):
            continue
        text = site.of(bound)
        if text in ("-1", "-2"):
            yield site.swap(
                "slice",
                bound,
                "-2" if text == "-1" else "-1",
                f"the {end} of `{whole}` moves by one",
            )
            continue
        for new in (" + 1", " - 1"):
            bonus = 0.3 if new == " + 1" else 0.0
            yield site.swap(
                "slice", bound, text + new, f"the {end} of `{whole}` moves by one", 2, bonus
            )
    value = site.of(node.value)
    lower = site.of(index.lower) if index.lower else ""
    upper = site.of(index.upper) if index.upper else ""
    step = f":{site.of(index.step)}" if index.step else ""
    options = [(lower, "")] * bool(upper) + [("", upper)] * bool(lower)
    if not upper:
        options += [(lower, "-1")]
    if not lower:
        options += [("1", upper)]
    if bool(lower) != bool(upper):
        options += [(upper, lower)]
        one = lower or upper
        flipped = one[1:] if one.startswith("-") else f"-{one}"
        if one.lstrip("-").replace("_", "a").isalnum():
            options += [(flipped, upper) if lower else (lower, flipped)]
    for first, last in options:
        new = f"{value}[{first}:{last}{step}]"
        yield site.swap("slice-open", node, new, f"`{whole}` becomes `{new}`", len(options))


@mutates(ast.Tuple)
def key(site: Site) -> Iterator[Mutation]:
    """A key made of some parameters that leaves one out."""
    node = site.node
    assert isinstance(node, ast.Tuple)
    parent = site.parent
    keyed = (
        isinstance(parent, ast.Subscript)
        or (isinstance(parent, ast.Assign) and "key" in site.of(parent.targets[0]).lower())
        or isinstance(parent, ast.Return)
    )
    if not isinstance(node.ctx, ast.Load) or not keyed or len(node.elts) < 1:
        return
    inside = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    missing = [p for p in site.unit.parameters if p not in inside]
    if not inside & set(site.unit.parameters):
        return
    for name in missing:
        last = node.elts[-1]
        arguments = site.unit.function.args if site.unit.function else None
        kwarg = arguments.kwarg.arg if arguments and arguments.kwarg else ""
        new = f"{site.of(last)}, " + (f"tuple(sorted({name}.items()))" if name == kwarg else name)
        what = f"`{name}` becomes part of `{site.of(node)}`"
        yield site.swap("key", last, new, what, len(missing), 0.0, (name,))


@mutates(ast.Name)
def whole_key(site: Site) -> Iterator[Mutation]:
    """A cache looked up by one parameter although the result depends on others."""
    node = site.node
    assert isinstance(node, ast.Name)
    parent = site.parent
    if not isinstance(parent, ast.Assign) or parent.value is not node:
        return
    target = parent.targets[0]
    if not isinstance(target, ast.Name) or "key" not in target.id.lower():
        return
    missing = [p for p in site.unit.parameters if p != node.id]
    for name in missing:
        what = f"`{name}` becomes part of the key"
        yield site.swap("key", node, f"({node.id}, {name})", what, len(missing), 0.0, (name,))
