"""Guards that are missing or too broad: None, empty, zero, mutable defaults, exceptions."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates, tight
from stillwater.models.builtin.source import DEFINITIONS, Definition

_EXCEPTIONS = (
    "KeyError",
    "ValueError",
    "TypeError",
    "IndexError",
    "AttributeError",
    "ZeroDivisionError",
    "LookupError",
    "OSError",
    "StopIteration",
)
_EMPTY = {"list": "[]", "dict": "{}", "str": '""', "set": "set()", "int": "0", "float": "0.0"}
_EMPTY |= {"bool": "False", "tuple": "()", "List": "[]", "Dict": "{}"}


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
    for name in names:
        if name not in used:
            continue
        for kind, test in (("guard-none", f"{name} is None"), ("guard-empty", f"not {name}")):
            if f"if {test}" in site.of(node):
                continue
            what = f"`{node.name}` returns {value or 'nothing'} at once when `{test}`"
            yield site.insert(
                kind, start, [f"if {test}:", f"    {keyword}"], what, len(names), 0.0, (name,)
            )


def _fallback(site: Site, node: Definition) -> str:
    """What a function returns for nothing, by its annotation or what it returns elsewhere."""
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    if node.returns is not None:
        written = site.of(node.returns)
        if "None" in written:
            return "None" if written != "None" else ""
        head = re.split(r"[\[ |]", written)[0]
        if head in _EMPTY:
            return _EMPTY[head]
    for one in reversed(returns):
        value = one.value
        if isinstance(value, ast.List | ast.ListComp):
            return "[]"
        if isinstance(value, ast.Dict | ast.DictComp):
            return "{}"
        if isinstance(value, ast.JoinedStr) or (
            isinstance(value, ast.Call)
            and getattr(value.func, "attr", "") in ("join", "strip", "lower")
        ):
            return '""'
        if isinstance(value, ast.BinOp) and not isinstance(value.op, ast.Add | ast.Mod):
            return "0"
        if isinstance(value, ast.Compare):
            return "False"
        if isinstance(value, ast.Name):
            made = re.search(
                rf"^\s*{value.id}(?:: .*)? = (\[\]|\{{\}}|\"\"|''|0|set\(\))$", site.of(node), re.M
            )
            if made:
                return made[1]
    return "None" if returns else ""


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
    loop = _in_loop(site)
    value = _fallback(site, site.unit.function)
    leave = "continue" if loop else f"return {value}".rstrip()
    seen: set[str] = set()
    for inner in ast.walk(head):
        name, test = "", ""
        if isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(inner.value, ast.Name):
            name = inner.value.id
            test = f"{name} is None" if isinstance(inner, ast.Attribute) else f"not {name}"
        elif isinstance(inner, ast.BinOp) and isinstance(
            inner.op, ast.Div | ast.FloorDiv | ast.Mod
        ):
            if isinstance(inner.right, ast.Name | ast.Attribute | ast.Call):
                name = test = site.of(inner.right)
                test = f"not {test}"
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


def _in_loop(site: Site) -> bool:
    node: ast.AST | None = site.parent
    while node is not None and not isinstance(node, DEFINITIONS):
        if isinstance(node, ast.For | ast.While):
            return True
        node = site.source.parents.get(node)
    return False


@mutates(ast.For, ast.Call, ast.Return, ast.comprehension)
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


@mutates(ast.ExceptHandler, ast.Raise)
def exception(site: Site) -> Iterator[Mutation]:
    """Another exception, or one more that is caught."""
    node = site.node
    kind = node.type if isinstance(node, ast.ExceptHandler) else getattr(node, "exc", None)
    if isinstance(kind, ast.Call):
        kind = kind.func
    if isinstance(kind, ast.Tuple) and isinstance(node, ast.ExceptHandler):
        have = [site.of(e) for e in kind.elts]
        for name in (e for e in site.clues.errors if e in _EXCEPTIONS and e not in have):
            text = f"({', '.join([*have, name])})"
            yield site.swap("except", kind, text, f"`{name}` is caught too", 1, 1.0, (name,))
    if not isinstance(kind, ast.Name):
        return
    named = [
        e for e in site.clues.errors if e != kind.id and e not in ("AssertionError", "NameError")
    ]
    pool = list(dict.fromkeys([*named, *(e for e in _EXCEPTIONS[:5] if e != kind.id)]))
    for name in pool:
        bonus = 1.5 if name in named else -1.0
        if isinstance(node, ast.ExceptHandler):
            text = f"({kind.id}, {name})"
            yield site.swap(
                "except", kind, text, f"`{name}` is caught too", len(pool), bonus, (name,)
            )
        else:
            what = f"`{name}` is raised, not `{kind.id}`"
            yield site.swap("raise", kind, name, what, len(pool), bonus, (name,))


@mutates(ast.Call)
def isinstance_types(site: Site) -> Iterator[Mutation]:
    """`isinstance` with a type that was forgotten."""
    node = site.node
    assert isinstance(node, ast.Call)
    if getattr(node.func, "id", "") != "isinstance" or len(node.args) != 2:
        return
    more = {"int": "float", "float": "int", "list": "tuple", "str": "bytes", "tuple": "list"}
    old = site.of(node.args[1])
    if old in more:
        text = f"({old}, {more[old]})"
        yield site.swap("isinstance", node.args[1], text, f"`{more[old]}` counts too")
