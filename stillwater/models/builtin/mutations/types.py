"""Which types: exceptions that are caught or raised, and what `isinstance` lets through."""

import ast
from collections.abc import Iterator

from stillwater.models.builtin.mutation import Mutation, Site, mutates

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
