"""Statements beside the definitions of an answer: the file's own, and examples of use."""

import ast
import difflib
from collections.abc import Collection, Iterator, Sequence

from stillwater.edits.syntax import Defining, bound, is_guard, is_text, nodes, used

USAGE = "usage left out"
_SHOWING = (ast.Expr, ast.Assert, ast.For, ast.While, ast.With, ast.AsyncFor, ast.AsyncWith)
_TRYING = (ast.If, ast.Try)
_LIKE = 0.6
_MOST = 50
_LONG = 100


def usage(body: Sequence[ast.stmt], old: Sequence[ast.stmt]) -> set[ast.stmt]:
    """The statements after the block's first definition that only use what it defines.

    Nothing is that stands in the `old` body, much like there or as it is, or that binds a name
    which the old body or a definition of the block has a use for.
    """
    first = next((n for n, one in enumerate(body) if isinstance(one, Defining)), len(body))
    defining = [one for one in body if isinstance(one, Defining)]
    later = _new([one for one in body[first:] if not _is_other(one)], old)
    names = {one.name for one in defining}
    taken = bound(old).union(*map(used, defining))
    found: set[ast.stmt] = set()
    made: set[str] = set()
    for one in later:
        uses = not used(one).isdisjoint(names) and not _is_alias(one)
        shows = isinstance(one, _SHOWING) or _changes(one, made)
        if shows or (uses and (isinstance(one, _TRYING) or _free(one, taken))):
            found.add(one)
            made.update(_targets(one))
            names |= made
    shown = set[str]().union(*map(used, found))
    for one in reversed(later):
        if _free(one, taken) and not shown.isdisjoint(_targets(one)):
            found.add(one)
            shown |= used(one)
    return found


def all_stand(nodes: Sequence[ast.stmt], there: Sequence[ast.stmt]) -> bool:
    """Whether each of the nodes stands among others, as it is or much like, guards only as is."""
    known, wanted = {_words(one) for one in there}, {_words(one) for one in nodes}
    changed = [one for one in nodes if _words(one) not in known]
    others = [one for one in there if _words(one) not in wanted]
    if any(map(is_guard, changed)) or len(changed) > min(_MOST, len(others)):
        return False
    for node in changed:
        like = next((one for one in others if _much_like(node, one)), None)
        if like is None:
            return False
        others.remove(like)
    return True


def _is_other(node: ast.stmt) -> bool:
    return isinstance(node, Defining) or is_text(node) or is_guard(node)


def _new(nodes: Sequence[ast.stmt], old: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Those of the nodes that are like nothing in the old body; none of very many."""
    rest = [one for one in old if not isinstance(one, Defining)]
    known = {_words(one) for one in rest}
    new = [one for one in nodes if _words(one) not in known]
    if len(new) > _MOST:
        return []
    return [one for one in new if not any(_much_like(one, other) for other in rest)]


def _words(node: ast.AST) -> tuple[str, ...]:
    """The kind of the statement, and all names and constants in it."""
    kept = [type(node).__name__]
    for one in nodes(node):
        if isinstance(one, ast.Name):
            kept.append(one.id)
        elif isinstance(one, ast.Attribute):
            kept.append(one.attr)
        elif isinstance(one, ast.Constant):
            kept.append(repr(one.value)[:_LONG])
    return tuple(kept)


def _much_like(node: ast.stmt, other: ast.stmt) -> bool:
    if type(node) is not type(other):
        return False
    pair = (_words(node)[1:_LONG], _words(other)[1:_LONG])
    matcher = difflib.SequenceMatcher(None, *pair, autojunk=False)
    return matcher.quick_ratio() >= _LIKE and matcher.ratio() >= _LIKE


def _is_alias(node: ast.stmt) -> bool:
    """Whether it only gives something another name, as code does and examples don't."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)


def _free(node: ast.stmt, taken: Collection[str]) -> bool:
    """Whether it is an assignment that binds only names for which nothing else has a use."""
    targets = set(_targets(node))
    return bool(targets) and targets.isdisjoint(taken)


def _changes(node: ast.stmt, made: Collection[str]) -> bool:
    """Whether it assigns to attributes or items of those names, or to a name anew."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    else:
        targets = [node.target] if isinstance(node, ast.AugAssign) else []
    return bool(targets) and all(_root(one) in made for one in targets)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _targets(node: ast.stmt) -> Iterator[str]:
    """The names that an assignment binds, if it binds nothing else."""
    whole = node.targets if isinstance(node, ast.Assign) else []
    parts = [part for one in whole for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
    names = [one.id for one in parts if isinstance(one, ast.Name)]
    if len(names) == len(parts):
        yield from names
