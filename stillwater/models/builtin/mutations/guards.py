"""Guards that are missing or too broad: None, empty, zero, mutable defaults."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, loop_around, mutates, tight
from stillwater.models.builtin.source import DEFINITIONS, Definition

_EMPTY = {"list": "[]", "dict": "{}", "str": '""', "set": "set()", "int": "0", "float": "0.0"}
_EMPTY |= {"bool": "False", "tuple": "()", "List": "[]", "Dict": "{}"}

_EMPTY_OF: tuple[tuple[tuple[type[ast.expr], ...], str], ...] = (
    ((ast.List, ast.ListComp), "[]"),
    ((ast.Dict, ast.DictComp), "{}"),
    ((ast.JoinedStr,), '""'),
    ((ast.Compare,), "False"),
)


def first_statement(function: Definition) -> ast.stmt:
    """The first statement after the docstring."""
    body = function.body
    doc = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return body[1] if doc and len(body) > 1 else body[0]


@mutates(ast.FunctionDef, ast.AsyncFunctionDef)
def mutable_default(site: Site) -> Iterator[Mutation]:
    """A mutable default, made None and filled in the body."""
    node = site.node
    assert isinstance(node, DEFINITIONS)
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    pairs = list(zip(reversed(positional), reversed(args.defaults), strict=False))
    pairs += [
        (a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None
    ]
    start = first_statement(node)
    if not site.source.starts_line(start):
        return
    for arg, default in pairs:
        text = site.of(default)
        fresh = isinstance(default, ast.List | ast.Dict | ast.Set) or text in (
            "set()",
            "list()",
            "dict()",
        )
        if isinstance(default, ast.Call) and not fresh:
            fresh = not site.of(default.func).startswith(
                ("field", "Path", "frozenset", "tuple", "object")
            )
        if not fresh:
            continue
        edits = [(*site.source.span(default), "None")]
        if arg.annotation is not None and "None" not in site.of(arg.annotation):
            edits.append((*site.source.span(arg.annotation), f"{site.of(arg.annotation)} | None"))
        indent = site.source.indent(start)
        guard = f"{indent}if {arg.arg} is None:\n{indent}    {arg.arg} = {text}\n"
        at = site.source.starts[start.lineno - 1]
        what = f"each call gets its own `{text}` for `{arg.arg}`"
        yield site.make(
            "mutable-default", [*edits, (at, at, guard)], what, 1, 0.0, (arg.arg,), default
        )


@mutates(ast.FunctionDef, ast.AsyncFunctionDef)
def early_return(site: Site) -> Iterator[Mutation]:
    """A guard at the start for a parameter that is None or empty."""
    node = site.node
    assert isinstance(node, DEFINITIONS)
    start = first_statement(node)
    names = [n for n in site.unit.parameters if node is site.unit.node]
    if not site.source.starts_line(start) or not names:
        return
    value = _fallback(site, node)
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    keyword = "return" if value == "" else f"return {value}"
    bonus = -0.6 if value == "None" else 0.0
    bonus -= 1.5 * (node.name == "__init__")
    for name in names:
        if name not in used:
            continue
        for kind, test in (("guard-none", f"{name} is None"), ("guard-empty", f"not {name}")):
            if f"if {test}" in site.of(node):
                continue
            what = f"`{node.name}` returns {value or 'nothing'} at once when `{test}`"
            yield site.insert(
                kind, start, [f"if {test}:", f"    {keyword}"], what, len(names), bonus, (name,)
            )


def _fallback(site: Site, node: Definition) -> str:
    """What a function returns for nothing, by its annotation or what it returns elsewhere."""
    returns = site.unit.returns
    if node.returns is not None:
        written = site.of(node.returns)
        if "None" in written:
            return "None" if written != "None" else ""
        head = re.split(r"[\[ |]", written)[0]
        if head in _EMPTY:
            return _EMPTY[head]
    text = site.of(node)
    for value in reversed(returns):
        empty = _empty_of(value, text)
        if empty:
            return empty
    return "None" if returns else ""


def _empty_of(value: ast.expr, text: str) -> str:
    """The empty value of an expression's type; "" where that can't be told."""
    for kinds, empty in _EMPTY_OF:
        if isinstance(value, kinds):
            return empty
    if isinstance(value, ast.Call):
        textual = getattr(value.func, "attr", "") in ("join", "strip", "lower", "upper", "replace")
        return '""' if textual else ""
    if isinstance(value, ast.BinOp):
        return "" if isinstance(value.op, ast.Add | ast.Mod) else "0"
    if isinstance(value, ast.Name):
        start = rf"^\s*{value.id}(?:: .*)? = (\[\]|\{{\}}|\"\"|''|0|set\(\))$"
        made = re.search(start, text, re.M)
        return made[1] if made else ""
    return ""


@mutates(ast.If, ast.IfExp, ast.BoolOp)
def falsy(site: Site) -> Iterator[Mutation]:
    """Truth where only None was meant: zero and empty are values too."""
    node = site.node
    if isinstance(node, ast.BoolOp):
        if isinstance(node.op, ast.Or) and len(node.values) == 2:
            first, second = (site.of(v) for v in node.values)
            text = f"{first} if {first} is not None else {second}"
            text = f"({text})" if tight(site, node) else text
            in_test = isinstance(site.parent, ast.If | ast.While) or isinstance(
                node.values[0], ast.Compare | ast.UnaryOp
            )
            what = f"`{first}` is replaced only when it is None"
            yield site.swap("falsy", node, text, what, 1, -3.0 if in_test else 0.0)
        tests = node.values
    else:
        assert isinstance(node, ast.If | ast.IfExp)
        tests = [node.test]
    for test in tests:
        bare = (
            test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
        )
        if isinstance(bare, ast.Name | ast.Attribute) or (
            isinstance(bare, ast.Call) and getattr(bare.func, "attr", "") == "get"
        ):
            name = site.of(bare)
            new = f"{name} is None" if bare is not test else f"{name} is not None"
            yield site.swap("falsy", test, new, f"`{site.of(test)}` asks for None only")
        elif (
            isinstance(bare, ast.Compare)
            and " is " in site.of(bare)
            and site.of(bare).endswith("None")
        ):
            name = site.of(bare.left)
            new = f"not {name}" if isinstance(bare.ops[0], ast.Is) else name
            yield site.swap("truthy", test, new, f"`{site.of(test)}` counts empty as None")


@mutates(ast.Assign, ast.Return, ast.Expr, ast.For, ast.If)
def local_guard(site: Site) -> Iterator[Mutation]:
    """A guard just before a statement that uses an attribute, an index or a divisor."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if not site.source.starts_line(node) or site.unit.function is None or _is_elif(site, node):
        return
    head = (
        node.iter if isinstance(node, ast.For) else node.test if isinstance(node, ast.If) else node
    )
    loop = loop_around(site) is not None
    value = _fallback(site, site.unit.function)
    leave = "continue" if loop else f"return {value}".rstrip()
    seen: set[str] = set()
    for inner in ast.walk(head):
        name, test = "", ""
        if isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(inner.value, ast.Name):
            name = inner.value.id
            test = f"{name} is None" if isinstance(inner, ast.Attribute) else f"not {name}"
        elif (
            isinstance(inner, ast.BinOp)
            and isinstance(inner.op, ast.Div | ast.FloorDiv | ast.Mod)
            and isinstance(inner.right, ast.Name | ast.Attribute | ast.Call)
        ):
            name = site.of(inner.right)
            test = f"not {name}"
        if not test or test in seen or name == "self" or name in site.source.module_names:
            continue
        seen.add(test)
        if re.search(rf"if {re.escape(test)}\b", site.of(site.unit.node)):
            continue
        kind = "guard-none" if test.endswith("None") else "guard-empty"
        what = f"`{leave}` comes before `{site.of(head)[:50]}` when `{test}`"
        yield site.insert(kind, node, [f"if {test}:", f"    {leave}"], what, 3, -0.5, (name,))


def _is_elif(site: Site, node: ast.stmt) -> bool:
    return site.source.lines[node.lineno - 1].lstrip().startswith("elif")


@mutates(ast.For, ast.Call, ast.comprehension)
def or_empty(site: Site) -> Iterator[Mutation]:
    """`or []`, `or {}` where a value may be None."""
    node = site.node
    pool = [node.iter] if isinstance(node, ast.For | ast.comprehension) else []
    if isinstance(node, ast.Call):
        pool = [a for a in node.args if isinstance(a, ast.Name | ast.Attribute)]
        pool += [k.value for k in node.keywords if k.arg is None]
    for value in pool:
        text = site.of(value)
        if isinstance(value, ast.Name | ast.Attribute) and text != "self":
            for empty in ("[]", "{}", '""'):
                new = (
                    f"({text} or {empty})"
                    if isinstance(node, ast.comprehension)
                    else f"{text} or {empty}"
                )
                yield site.swap("or-empty", value, new, f"`{text}` may be None", 3)


@mutates(ast.If)
def wider_guard(site: Site) -> Iterator[Mutation]:
    """A guard that leaves, widened by a parameter or a local that is None or empty."""
    node = site.node
    assert isinstance(node, ast.If)
    leaves = isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue)
    joined = isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And)
    if not leaves or joined:
        return
    text = site.of(node.test)
    names = [n for n, at in site.unit.first_bound.items() if at < node.lineno][:10]
    absent = [f"{n} is None or {text}" for n in names if f"{n}." in text]
    empty = [f"not {n} or {text}" for n in names if n not in text or f"{n}[" in text]
    for options, bonus in ((absent, 0.3), (empty, -0.5)):
        for new in options:
            what = f"the guard becomes `{new[:80]}`"
            yield site.swap("or-guard", node.test, new, what, len(options), bonus)
