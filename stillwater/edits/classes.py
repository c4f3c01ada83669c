"""Whether a class in an answer is the file's class anew, or only a frame around what changes."""

import ast
from collections import Counter

from stillwater.edits.model import Edit
from stillwater.edits.syntax import Defining, Definition, alike, bound, is_text


def is_all_of(node: ast.ClassDef, old: ast.ClassDef, edit: Edit, target: Definition) -> bool:
    """Whether a class in the block stands for all of the file's class."""
    if edit.partial or _is_barer(node, old) or (is_text(old.body[0]) and not is_text(node.body[0])):
        return False
    have, given = bound(old.body), bound(node.body)
    if have <= given:
        rest = [one for one in old.body if not (bound([one]) or is_text(one) or _is_pass(one))]
        return all(any(alike(one, new) for new in node.body) for one in rest)
    exact = (edit.first, edit.last) == (target.first, target.last)
    return exact and len(have & given) >= 0.8 * len(have)


def head(node: ast.ClassDef) -> tuple[list[ast.expr], list[ast.keyword]]:
    """What stands in the parentheses of a class."""
    return node.bases, node.keywords


def _is_barer(node: ast.ClassDef, old: ast.ClassDef) -> bool:
    """Whether the class lacks a head, decorators, or one of several definitions of a name."""
    pairs = [(node.bases, old.bases), (node.keywords, old.keywords)]
    given, have = (Counter(one.name for one in _members(each)) for each in (node, old))
    pairs += [
        (new.decorator_list, was.decorator_list)
        for was in [old, *_members(old)]
        for new in [node, *_members(node)]
        if new.name == was.name and have[was.name] < 2
    ]
    fewer = any(0 < given[name] < count for name, count in have.items())
    return fewer or any(was and not new for new, was in pairs)


def _members(node: ast.ClassDef) -> list[Defining]:
    return [one for one in node.body if isinstance(one, Defining)]


def _is_pass(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass)
