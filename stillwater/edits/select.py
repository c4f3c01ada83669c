"""Which of a file's definitions a definition in an answer means."""

import ast
from collections.abc import Callable, Sequence

from stillwater.edits.base import File, near, overlap
from stillwater.edits.code import Code
from stillwater.edits.model import Edit, EditError
from stillwater.edits.syntax import Defining, Definition, Function, alike, first_line, last_line
from stillwater.edits.text import resemblance

_PER_LINE = 0.02
_MOST = 0.5
_ALIKE = 0.02
_LIKE = 0.5


def choose(
    file: File, code: Code, edit: Edit, node: Defining, candidates: Sequence[Definition]
) -> Definition | None:
    """The one of the candidates, all of its name, that `node` is the new text of, if it is of any.

    Raises:
        EditError: two are equally likely.
    """
    own = code.lines[first_line(node) - 1 : last_line(node)]

    def likeness(one: Definition) -> float:
        return resemblance(own, file.slice(one.first, one.last))

    def score(one: Definition) -> float:
        return likeness(one) - min(_MOST, _PER_LINE * near(edit, one.first, one.last))

    stated = [one for one in candidates if overlap(edit, one.first, one.last)]
    if len(stated) == 1 and likeness(stated[0]) >= _LIKE:
        return stated[0]
    left = list(candidates)
    if not stated and _is_plain(node, code) and all(map(_is_method, left)):
        return None
    filters = [_same_kind(node), _same_home(node)]
    if node.decorator_list or edit.first is None:
        filters.append(_same_decorators(node))
    for keep in filters:
        if len(left) > 1:
            left = [one for one in left if keep(one)] or left
    if len(left) < 2:
        return left[0] if left else None
    ranked = sorted(left, key=lambda one: (-score(one), -overlap(edit, one.first, one.last)))
    best, second = ranked[:2]
    if score(best) - score(second) < _ALIKE:
        shares = [overlap(edit, one.first, one.last) for one in (best, second)]
        gaps = [near(edit, one.first, one.last) for one in (best, second)]
        if shares[0] == shares[1] and gaps[0] == gaps[1]:
            raise EditError(
                f"{file.path} defines {node.name} more than once: as {best.label} in lines "
                f"{best.first}-{best.last} and as {second.label} in lines "
                f"{second.first}-{second.last}; say with LINES which one you mean."
            )
        if (-shares[1], gaps[1]) < (-shares[0], gaps[0]):
            best = second
    return best


def takes_instance(node: ast.stmt) -> bool:
    """Whether a definition looks like a method."""
    if not isinstance(node, Function):
        return False
    if _takes_self(node):
        return True
    names = {one.id for one in node.decorator_list if isinstance(one, ast.Name)}
    return not names.isdisjoint({"staticmethod", "classmethod", "property"})


def _takes_self(node: Function) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in {"self", "cls"}


def _is_plain(node: Defining, code: Code) -> bool:
    """Whether it can only be a function of the file's top."""
    return isinstance(node, Function) and not (
        takes_instance(node) or node.col_offset or code.margin
    )


def _is_method(one: Definition) -> bool:
    inside = bool(one.owners) and isinstance(one.owners[-1], ast.ClassDef)
    return inside and isinstance(one.node, Function) and _takes_self(one.node)


def _same_kind(node: Defining) -> Callable[[Definition], bool]:
    return lambda one: isinstance(one.node, ast.ClassDef) == isinstance(node, ast.ClassDef)


def _same_home(node: Defining) -> Callable[[Definition], bool]:
    method = takes_instance(node)
    return lambda one: takes_instance(one.node) == method


def _same_decorators(node: Defining) -> Callable[[Definition], bool]:
    return lambda one: alike(node.decorator_list, one.node.decorator_list)
