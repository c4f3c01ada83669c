"""Functions that come out of an answer empty: its way to say that they stay as they were."""

import ast
from collections import Counter

from stillwater.edits.base import File
from stillwater.edits.model import EditError
from stillwater.edits.syntax import Function, definitions, is_text


def require_bodies(old: File, new: File) -> None:
    """Refuse a new text in which a function has nothing but `pass` where the old one did more.

    Raises:
        EditError: such a function.
    """
    if old.tree is None or new.tree is None:
        return
    full, left = _full(old.tree), _full(new.tree)
    stubs = _stubs(new.tree) - _stubs(old.tree)
    for label in stubs:
        if left[label] < full[label]:
            raise EditError(
                f"{label} has nothing but `pass` for a body, and does more in {old.path}: give its "
                "whole corrected body, or leave the definition out."
            )


def _stubs(tree: ast.Module) -> Counter[str]:
    return Counter(one.label for one in definitions(tree) if _is_stub(one.node))


def _full(tree: ast.Module) -> Counter[str]:
    return Counter(
        one.label
        for one in definitions(tree)
        if isinstance(one.node, Function) and not _is_stub(one.node)
    )


def _is_stub(node: ast.stmt) -> bool:
    if not isinstance(node, Function):
        return False
    body = [one for one in node.body if not is_text(one)]
    return all(isinstance(one, ast.Pass) for one in body)
