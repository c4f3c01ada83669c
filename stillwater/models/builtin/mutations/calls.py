"""Calls that are missing, too many, or lack an option."""

import ast
import re
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates, tight
from stillwater.models.builtin.sorts import MAPPING, NUMBER, SEQUENCE, TEXT, TRUTH, conflict, sorts
from stillwater.models.builtin.source import words

_WRAPS = (
    "list",
    "sorted",
    "str",
    "int",
    "set",
    "tuple",
    "dict",
    "abs",
    "reversed",
    "bool",
    "float",
)
_PLAIN = ("strip", "lower", "upper", "title", "capitalize", "casefold")
_METHODS = ("strip", "lower", "copy", "casefold", "rstrip")
_MANY = frozenset((TEXT, SEQUENCE, MAPPING))
_TAKES = {
    **dict.fromkeys(("list", "sorted", "set", "tuple", "reversed"), _MANY),
    **dict.fromkeys(("strip", "lower", "casefold", "rstrip"), frozenset((TEXT,))),
    **dict.fromkeys(("int", "float"), frozenset((TEXT, NUMBER))),
    "abs": frozenset((NUMBER,)),
    "str": frozenset((NUMBER, TRUTH)),
    "dict": frozenset((MAPPING,)),
    "copy": frozenset((SEQUENCE, MAPPING)),
}
"""What a call may be given; what isn't here takes anything."""
_TEXT_METHODS = frozenset(
    words(
        "strip lstrip rstrip lower upper casefold title split rsplit splitlines replace join "
        "removeprefix removesuffix format partition rpartition decode readline read"
    )
)


def _wanted_place(site: Site) -> bool:  # noqa: PLR0911  a row for each place
    """Whether an expression here is a value that a call could be missing from."""
    parent = site.parent
    if isinstance(parent, ast.Call):
        return site.node in parent.args
    if isinstance(parent, ast.For | ast.comprehension):
        return parent.iter is site.node
    if isinstance(parent, ast.GeneratorExp | ast.ListComp | ast.SetComp):
        return parent.elt is site.node
    if isinstance(parent, ast.Subscript):
        return parent.slice is site.node
    if isinstance(parent, ast.Return | ast.Assign):
        return parent.value is site.node
    if isinstance(parent, ast.Compare):
        return not any(isinstance(op, ast.Is | ast.IsNot) for op in parent.ops)
    return isinstance(parent, ast.Dict | ast.DictComp | ast.keyword)


@mutates(ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.GeneratorExp, ast.ListComp)
def wrapped(site: Site) -> Iterator[Mutation]:
    """A value that should be copied, stripped, lowered, converted or sorted first."""
    node = site.node
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or not _wanted_place(site):
        return
    text = site.of(node)
    if "\n" in text or text in ("self", "cls"):
        return
    head = text.partition("(")[0]
    builtin = isinstance(node, ast.Call) and head in (*_WRAPS, "len", "range", "sum", "isinstance")
    is_text = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _TEXT_METHODS
    known = sorts(site.unit, node)
    for name in _WRAPS:
        if conflict(known, _TAKES.get(name, frozenset())):
            continue
        if builtin or (is_text and name not in ("int", "float")):
            break
        inner = text[1:-1] if isinstance(node, ast.GeneratorExp) and text[:1] == "(" else text
        fits = -0.8 * (name in ("reversed", "bool", "float", "abs", "tuple", "dict"))
        fits -= 1.0 * (name in ("list", "sorted", "set") and isinstance(site.parent, ast.Compare))
        fits += _smell(site, name)
        what = f"`{text}` goes through `{name}()`"
        yield site.swap("wrap", node, f"{name}({inner})", what, 5, fits, (name,))
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return
    for name in _METHODS:
        if builtin and not text.startswith("str("):
            break
        if text.endswith(f".{name}()") or conflict(known, _TAKES[name]):
            continue
        elsewhere = 2.5 if f"{text}.{name}" in site.source.method_calls else 0.0
        textual = 0.6 if is_text or _textual(site, text) else 0.0
        what = f"`{text}` goes through `.{name}()`"
        yield site.swap(
            "method",
            node,
            f"{text}.{name}()",
            what,
            4,
            elsewhere + (textual if name != "copy" else 0.0),
            (name,),
        )


def _textual(site: Site, text: str) -> bool:
    return any(f"{text}.{name}" in site.source.method_calls for name in _TEXT_METHODS)


def _smell(site: Site, name: str) -> float:
    """A container that is changed while it is iterated; an internal list handed out."""
    parent = site.parent
    text = site.of(site.node)
    if name != "list":
        return 0.0
    if isinstance(parent, ast.For):
        base = text.removesuffix(".items()").removesuffix(".keys()").removesuffix(".values()")
        for inner in ast.walk(parent):
            if isinstance(inner, ast.Delete) and base in site.of(inner):
                return 3.0
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
                changes = inner.func.attr in ("remove", "pop", "append", "add", "insert", "discard")
                if changes and site.of(inner.func.value) == base:
                    return 3.0
    if isinstance(parent, ast.Return) and text.startswith("self."):
        return 0.6
    return 0.0


@mutates(ast.Call)
def unwrapped(site: Site) -> Iterator[Mutation]:
    """A call too many: its argument alone."""
    node = site.node
    assert isinstance(node, ast.Call)
    text = site.of(node)
    if isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
        name = node.func.id
        if name in ("int", "abs", "sorted", "set", "reversed", "round", "str", "bool", "list"):
            inner = site.of(node.args[0])
            if tight(site, node):
                inner = f"({inner})"
            yield site.swap("unwrap", node, inner, f"`{name}()` goes from `{text}`")
    elif isinstance(node.func, ast.Attribute) and not node.args and node.func.attr in _PLAIN:
        what = f"`.{node.func.attr}()` goes from `{text}`"
        inner = site.of(node.func.value)
        yield site.swap("unwrap", node, inner, what, 1, 0.0, (node.func.attr,))


_OPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "sorted": (("reverse", "reverse=True"), ("key", "key=str.lower"), ("key", "key=len")),
    "sort": (("reverse", "reverse=True"), ("key", "key=str.lower")),
    "open": (("encoding", 'encoding="utf-8"'),),
    "read_text": (("encoding", 'encoding="utf-8"'),),
    "write_text": (("encoding", 'encoding="utf-8"'),),
    "mkdir": (("exist_ok", "parents=True, exist_ok=True"),),
    "makedirs": (("exist_ok", "exist_ok=True"),),
    "max": (("default", "default=0"), ("default", "default=None")),
    "min": (("default", "default=0"), ("default", "default=None")),
    "zip": (("strict", "strict=True"),),
    "dumps": (("sort_keys", "sort_keys=True"), ("ensure_ascii", "ensure_ascii=False")),
    "split": (("maxsplit", "maxsplit=1"),),
    "rsplit": (("maxsplit", "maxsplit=1"),),
    "enumerate": (("start", "start=1"),),
    "getattr": (),
}


@mutates(ast.Call)
def options(site: Site) -> Iterator[Mutation]:
    """An option more, or one less, or turned; a `.get` with its default."""
    node = site.node
    assert isinstance(node, ast.Call)
    name = str(getattr(node.func, "attr", "") or getattr(node.func, "id", ""))
    given = {k.arg for k in node.keywords}
    full = name in ("enumerate", "split", "rsplit") and len(node.args) > 1
    single = name not in ("min", "max") or len(node.args) == 1
    for option, text in _OPTIONS.get(name, ()):
        if option in given or full or not single or (name == "split" and not node.args):
            continue
        last = site.source.span(node)[1] - 1
        first = ", " if node.args or node.keywords else ""
        if site.source.data[:last].rstrip().endswith(b","):
            first = " "
        what = f"`{site.of(node)[:60]}` gets `{text}`"
        yield site.make(f"option-{option}", [(last, last, first + text)], what, 1, 0.0, (option,))
    for keyword in node.keywords:
        if keyword.arg == "reverse" and isinstance(keyword.value, ast.Name):
            new = f"not {keyword.value.id}"
            yield site.swap("option-reverse", keyword.value, new, "the order is reversed")
    if name == "get" and isinstance(node.func, ast.Attribute) and 1 <= len(node.args) <= 2:
        yield from _get_default(site, node)


def _get_default(site: Site, node: ast.Call) -> Iterator[Mutation]:
    receiver = site.of(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    first = site.of(node.args[0])
    old = site.of(node.args[1]) if len(node.args) == 2 else "None"
    defaults = [d for d in ("0", '""', "[]", "{}", "None", "1", first) if d != old]
    likely = _default_by_use(site)
    for default in defaults:
        text = f"{receiver}.get({first}, {default})"
        what = f"`{site.of(node)}` falls back to `{default}`"
        bonus = 2.0 if default == likely else 0.0
        yield site.swap("get-default", node, text, what, len(defaults), bonus)
    used_twice = f"{receiver}[{first}]" in site.source.text
    if old == "None" and used_twice:
        yield site.swap("get-default", node, f"{receiver}[{first}]", "a missing key is an error", 3)


def _default_by_use(site: Site) -> str:
    """The empty value that what is done with the result asks for."""
    parent = site.parent
    name, text = site.of(site.node), site.of(site.unit.node)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
    head = r"(?<![\w.])" + re.escape(name)
    if re.search(
        head + rf"\.(?:{'|'.join(sorted(_TEXT_METHODS))})\b|" + head + r"\[(?:-?\d*:|0\])", text
    ):
        return '""'
    if re.search(head + r"\.(?:items|keys|values|get)\b", text):
        return "{}"
    if re.search(rf"\bin {re.escape(name)}\b|len\({re.escape(name)}\)", text):
        return "[]"
    if re.search(head + r" [-+*/<>]|[-+*/<>]=? " + re.escape(name) + r"(?!\w)", text):
        return "0"
    return ""


@mutates(ast.Lambda)
def late_binding(site: Site) -> Iterator[Mutation]:
    """A lambda made in a loop that should keep the loop's value of that moment."""
    node = site.node
    assert isinstance(node, ast.Lambda)
    inner = {n.id for n in ast.walk(node.body) if isinstance(n, ast.Name)}
    for name in sorted(_loop_names(site) & inner):
        if any(a.arg == name for a in node.args.args):
            continue
        mine = site.of(node.args) if node.args.args else ""
        start = site.source.span(node)[0] + len("lambda")
        body = site.source.span(node.body)[0]
        arguments = ", ".join(a.arg for a in node.args.args)
        arguments = f"{arguments}, {name}={name}" if mine or arguments else f"{name}={name}"
        what = f"the lambda keeps the `{name}` of its own turn of the loop"
        yield site.make("late-binding", [(start, body, f" {arguments}: ")], what, 1, 1.0, (name,))


def _loop_names(site: Site) -> set[str]:
    names: set[str] = set()
    node: ast.AST | None = site.node
    while node is not None and node is not site.unit.node:
        node = site.source.parents.get(node)
        targets = [node.target] if isinstance(node, ast.For) else []
        targets += [g.target for g in getattr(node, "generators", [])]
        names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names
