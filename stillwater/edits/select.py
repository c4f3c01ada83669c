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


def choose(
    file: File, code: Code, edit: Edit, node: Defining, candidates: Sequence[Definition]
) -> Definition | None:
    """The one of the candidates, all of its name, that `node` is the new text of.

    Raises:
        EditError: two are equally likely.
    """
    left = list(candidates)
    for keep in (_same_kind(node), _same_home(node), _same_decorators(node)):
        if len(left) > 1:
            left = [one for one in left if keep(one)] or left
    if len(left) < 2:
        return left[0] if left else None
    own = code.lines[first_line(node) - 1 : last_line(node)]

    def score(one: Definition) -> float:
        gap = near(edit, one.first, one.last)
        return resemblance(own, file.slice(one.first, one.last)) - min(_MOST, _PER_LINE * gap)

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
    arguments = [*node.args.posonlyargs, *node.args.args]
    if arguments and arguments[0].arg in {"self", "cls"}:
        return True
    names = {one.id for one in node.decorator_list if isinstance(one, ast.Name)}
    return not names.isdisjoint({"staticmethod", "classmethod", "property"})


def _same_kind(node: Defining) -> Callable[[Definition], bool]:
    return lambda one: isinstance(one.node, ast.ClassDef) == isinstance(node, ast.ClassDef)


def _same_home(node: Defining) -> Callable[[Definition], bool]:
    method = takes_instance(node)
    return lambda one: takes_instance(one.node) == method


def _same_decorators(node: Defining) -> Callable[[Definition], bool]:
    return lambda one: alike(node.decorator_list, one.node.decorator_list)
