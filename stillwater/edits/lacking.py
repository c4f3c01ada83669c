"""Imports of the standard library that an answer uses and forgets.

Small models write `@functools.wraps` and leave the import to whoever reads it. Where nothing in the
file binds the name, it can mean nothing but the module, and without it the code can only fail.
"""

import ast
import sys

from stillwater.edits.base import File, file_of
from stillwater.edits.imports import missing
from stillwater.edits.syntax import nodes, used


def with_lacking_imports(file: File, text: str) -> tuple[str, list[str]]:
    """The new text of the file with the standard modules imported that only it uses; their names.

    A module counts where the text reads attributes of its name, nothing in the text binds that
    name, and the file didn't use it before.
    """
    new = file_of(file.path, text)
    if file.tree is None or new.tree is None:
        return text, []
    names = _modules_read(new.tree) - used(file.tree)
    if not names or _takes_all(new.tree):
        return text, []
    found = sorted(names - _bound(new.tree))
    if not found:
        return text, []
    wanted = [ast.Import(names=[ast.alias(name=name)]) for name in found]
    return new.spliced(missing(new, wanted)), found


def _modules_read(tree: ast.Module) -> set[str]:
    """The standard modules that the tree uses by their attributes, and in no other way."""
    owners = {
        id(node.value): node.value.id
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    bare = {
        node.id for node in nodes(tree) if isinstance(node, ast.Name) and id(node) not in owners
    }
    return (set(owners.values()) & sys.stdlib_module_names) - bare


def _bound(tree: ast.Module) -> set[str]:
    """Every name that anything in the tree binds, wherever."""
    names: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            names.update(node.names)
        else:
            # Definitions, exceptions and patterns hold the name that they bind as text.
            names.update(
                one
                for one in (getattr(node, "name", None), getattr(node, "rest", None))
                if isinstance(one, str)
            )
    return names


def _takes_all(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.alias) and node.name == "*" for node in nodes(tree))
