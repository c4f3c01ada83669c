"""Deciding where in a file each edit belongs."""

import ast
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from stillwater.edits.align import by_lines
from stillwater.edits.base import File, Splice, told
from stillwater.edits.code import Code, understand
from stillwater.edits.definitions import Merge
from stillwater.edits.imports import Importing, missing
from stillwater.edits.model import Edit, EditError
from stillwater.edits.replace import by_old_text
from stillwater.edits.syntax import Defining, Definition, bound, definitions, is_text, nodes, used
from stillwater.edits.testing import foreign_tests
from stillwater.edits.usage import all_stand

_FEW = 0.2


class Overlap(EditError):
    """Two edits replace the same lines."""


def place(file: File, edits: Sequence[Edit]) -> list[Splice]:
    """What the edits of one file replace in its base text, in the order of the lines.

    Raises:
        EditError: an edit belongs nowhere or to two places.
        Overlap: an edit belongs to lines of another edit.
    """
    splices: list[Splice] = []
    merges: list[Merge] = []
    for edit in dict.fromkeys(edits):
        if edit.old is not None:
            splices += by_old_text(file, edit)
            continue
        code = understand(edit.code)
        if not code.lines:
            raise EditError(f"An edit of {file.path} holds no code.")
        if not edit.partial and is_whole(file, code, edit):
            lines = code.at(1, len(code.lines), "", "", ())
            splices.append(Splice(1, len(file.lines), tuple(lines), "whole file"))
            continue
        merge = Merge(file, code, edit)
        if code.tree is not None and merge.top(code.tree.body):
            merges.append(merge)
        elif added := _only_imports(file, code, edit):
            splices += added
        elif edit.partial:
            raise EditError(
                f"The code for {file.path} leaves parts out beside its definitions: give each "
                "changed definition whole, and nothing else."
            )
        else:
            splices.append(by_lines(file, code, edit))
    for merge in merges:
        known = [one for other in merges for one in other.splices if one.how == "definition"]
        merge.settle(known[0].first if known else None, bool(splices or known))
    repairs = dict.fromkeys(one for merge in merges for one in merge.repairs)
    splices += [one for merge in merges for one in merge.splices]
    return _apart(file, told(splices, list(repairs)))


def is_whole(file: File, code: Code, edit: Edit) -> bool:
    """Whether the code is the whole file anew.

    It is where it has every top-level definition and nearly every other name of the file, and
    uses none of those that it lacks. Where LINES say that it is, a few definitions may be gone,
    and statements that bind nothing.
    """
    count = len(file.lines)
    stated = edit.first == 1 and (edit.last or 0) >= count
    if file.tree is None or code.tree is None:
        return stated and (not file.is_python or code.tree is not None or file.tree is None)
    names, given = bound(file.tree.body), bound(code.tree.body)
    defined = {one.name for one in file.definitions if not one.owners}
    few = _FEW if stated else 0.0
    if len(defined - given) > few * len(defined) or (lost := names - given) & used(code.tree):
        return False
    if not _same_insides(file, code, few) or foreign_tests(code.tree.body, file.tree.body):
        return False
    if stated and len(code.lines) >= 0.3 * count:
        return bool(defined) or bool(names & given) or not names
    enough = len(lost) <= _FEW * len(names) and len(code.lines) >= 0.5 * count
    return len(names) > 1 and enough and _has_all_that_runs(file.tree, code.tree)


def _has_all_that_runs(old: ast.Module, new: ast.Module) -> bool:
    """Whether the new text makes what the old one defines, and runs what else it does."""
    defined = {one.name for one in old.body if isinstance(one, Defining)}
    made = bound([one for one in new.body if not isinstance(one, Importing)])
    return defined <= made and all_stand(*map(_running, (old.body, new.body)))


def _running(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    plain = (ast.Pass, ast.Import, ast.ImportFrom)
    return [one for one in body if not (isinstance(one, plain) or is_text(one) or bound([one]))]


def _same_insides(file: File, code: Code, few: float) -> bool:
    """Whether the code's classes have all the members that the file's have, but for unused few."""
    if code.tree is None:
        return False
    have = Counter(one.label for one in file.definitions if _is_member(one))
    lost = have - Counter(one.label for one in definitions(code.tree))
    if lost.total() > few * have.total():
        return False
    asked = {one.attr for one in nodes(code.tree) if isinstance(one, ast.Attribute)}
    return asked.isdisjoint(label.rsplit(".", 1)[-1] for label in lost)


def _is_member(one: Definition) -> bool:
    return bool(one.owners) and all(isinstance(owner, ast.ClassDef) for owner in one.owners)


def _only_imports(file: File, code: Code, edit: Edit) -> list[Splice]:
    """What adds the imports of a block of nothing else, unless it replaces the imports in LINES."""
    nodes = [one for one in code.tree.body if not is_text(one)] if code.tree else []
    imports = [one for one in nodes if isinstance(one, ast.Import | ast.ImportFrom)]
    if not imports or len(imports) < len(nodes) or code.margin:
        return []
    if edit.first is not None:
        old = [line.strip() for line in file.slice(edit.first, edit.last or edit.first)]
        given = {line.strip() for line in code.lines}
        if any(line.startswith(("import ", "from ")) and line not in given for line in old):
            return []
    return missing(file, imports, edit.first)


def _apart(file: File, splices: Sequence[Splice]) -> list[Splice]:
    ordered = sorted(dict.fromkeys(splices), key=lambda one: (one.first, one.last))
    for before, after in pairwise(ordered):
        if before.last >= after.first and after.last >= after.first:
            raise Overlap(
                f"Two edits change the same lines of {file.path} ({before.first}-{before.last} "
                f"and {after.first}-{after.last}): give one block for each definition."
            )
        if before.last >= after.first:
            raise Overlap(
                f"An edit of {file.path} goes into lines {before.first}-{before.last}, which "
                "another replaces: give one block for each definition."
            )
    return ordered
