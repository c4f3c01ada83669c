"""Putting whole definitions where the definitions of those names stand."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from stillwater.edits.base import File, Splice, near
from stillwater.edits.code import Code
from stillwater.edits.imports import Importing, missing
from stillwater.edits.model import Edit, EditError
from stillwater.edits.moving import moved
from stillwater.edits.select import choose, takes_instance
from stillwater.edits.syntax import (
    Defining,
    Definition,
    alike,
    assigned,
    bound,
    first_line,
    is_text,
    last_line,
)
from stillwater.edits.text import indent, is_blank, is_comment, resemblance


@dataclass
class Merge:
    """The definitions of one block on their way into one file."""

    file: File
    code: Code
    edit: Edit
    splices: list[Splice] = field(default_factory=list)
    fresh: list[tuple[Defining, Definition | None, bool]] = field(default_factory=list)

    def top(self, body: Sequence[ast.stmt]) -> bool:
        """Place the statements of the block; False where it isn't made of whole definitions."""
        defining = [one for one in body if isinstance(one, Defining)]
        if not defining or self.file.tree is None:
            return False
        home = self.class_at(self.edit.first) if self.code.margin else None
        old = self.file.tree.body if home is None else home.node.body
        constants = []
        for node in body:
            if isinstance(node, Defining | Importing) or is_text(node):
                continue
            if _is_guard(node) or any(alike(node, one) for one in old):
                continue
            if not assigned(node):
                return False
            constants.append(node)
        if home is not None and (constants or not self._all_known(defining)):
            inner = (*home.owners, home.node)
            among = [one for one in self.file.definitions if one.owners == inner]
            self.members(defining, inner, among)
            at = next((one.first for one in among), last_line(home.node) + 1)
            self.values(constants, old, above_comments(self.file, at))
            return True
        self.members(defining, (), self.file.definitions)
        self.values(constants, self.file.tree.body, self.anchor(defining))
        imports = [one for one in body if isinstance(one, Importing)]
        self.splices += missing(self.file, imports)
        return True

    def anchor(self, nodes: Sequence[Defining]) -> int:
        """The line before which the block's new constants go."""
        lines = [one.first for one in self.splices if one.how == "definition"]
        at = min(lines, default=len(self.file.lines) + 1)
        tops = [
            one for one in self.file.definitions if not one.owners and one.first <= at <= one.last
        ]
        return above_comments(self.file, tops[0].first if tops else at)

    def members(
        self,
        nodes: Sequence[Defining],
        owners: tuple[Defining, ...],
        among: Sequence[Definition],
    ) -> None:
        """Place the definitions that stand together in the block, each by its name."""
        taken: list[Definition] = []
        placed: list[Definition | None] = []
        for node in nodes:
            named = [one for one in among if one.name == node.name and one not in taken]
            if owners:
                named = [one for one in named if one.owners == owners]
            target = choose(self.file, self.code, self.edit, node, named)
            placed.append(target)
            if target is not None:
                taken.append(target)
                self.put(node, target)
        for n, node in enumerate(nodes):
            if placed[n] is None:
                after = next((one for one in placed[n + 1 :] if one), None)
                before = next((one for one in reversed(placed[:n]) if one), None)
                self.fresh.append((node, after or before, after is not None))

    def put(self, node: Defining, target: Definition) -> None:
        """Replace one definition, or only the members of a class that the block gives."""
        old = target.node
        if (
            isinstance(node, ast.ClassDef)
            and isinstance(old, ast.ClassDef)
            and not self.is_whole(node, target, old)
        ):
            self.merge(node, target, old)
        else:
            self.splices.append(moved(self.file, self.code, self.edit, node, target))

    def is_whole(self, node: ast.ClassDef, target: Definition, old: ast.ClassDef) -> bool:
        """Whether a class in the block stands for all of the file's class."""
        bare = (old.bases and not node.bases) or (old.decorator_list and not node.decorator_list)
        if bare or (is_text(old.body[0]) and not is_text(node.body[0])):
            return False
        have, given = bound(old.body), bound(node.body)
        if have <= given:
            rest = [one for one in old.body if not (bound([one]) or is_text(one) or _is_pass(one))]
            return all(any(alike(one, new) for new in node.body) for one in rest)
        exact = (self.edit.first, self.edit.last) == (target.first, target.last)
        return exact and len(have & given) >= 0.8 * len(have)

    def merge(self, node: ast.ClassDef, target: Definition, old: ast.ClassDef) -> None:
        """Replace the members that the block gives, and leave the class's others."""
        inner = (*target.owners, target.node)
        among = [one for one in self.file.definitions if one.owners == inner]
        before = len(self.fresh)
        nodes = [one for one in node.body if isinstance(one, Defining)]
        self.members(nodes, inner, among)
        for n in range(before, len(self.fresh)):
            fresh, anchor, _ = self.fresh[n]
            if anchor is None and among:
                self.fresh[n] = (fresh, among[-1], False)
        values = [one for one in node.body if assigned(one)]
        at = next((one.first for one in among), last_line(old) + 1)
        self.values(values, old.body, above_comments(self.file, at))
        if node.bases and not alike(node.bases, old.bases):
            self.head(node, old)

    def head(self, node: ast.ClassDef, old: ast.ClassDef) -> None:
        """Replace the `class …:` lines of a class whose bases changed."""
        if node.body[0].lineno == node.lineno or old.body[0].lineno == old.lineno:
            return
        give = self.file.indent_at(old.lineno)
        end = _head_end(self.code.lines, node.lineno, first_line(node.body[0]))
        old_end = _head_end(self.file.lines, old.lineno, first_line(old.body[0]))
        lines = self.code.at(node.lineno, end, " " * node.col_offset, give, ())
        self.splices.append(Splice(old.lineno, old_end, tuple(lines), "definition"))

    def values(self, nodes: Sequence[ast.stmt], body: Sequence[ast.stmt], at: int) -> None:
        """Replace the assignments of those names, and insert the new ones before line `at`."""
        new: list[str] = []
        give = indent(self.file.lines[body[0].lineno - 1]) if body else ""
        for node in nodes:
            same = [one for one in body if assigned(one) == assigned(node)]
            if any(alike(node, one) for one in same):
                continue
            take = " " * node.col_offset
            lines = self.code.at(node.lineno, last_line(node), take, give, ())
            if len(same) == 1:
                first, last = same[0].lineno, last_line(same[0])
                self.splices.append(Splice(first, last, tuple(lines), "definition"))
            else:
                new += lines
        if new:
            self.splices.append(Splice(at, at - 1, (*new, ""), "definition"))

    def settle(self, neighbour: int | None) -> None:
        """Insert the definitions that the file doesn't have, next to what they belong to."""
        for node, anchor, ahead in self.fresh:
            if _is_test(node) and not any(map(_is_test, self._functions())):
                raise EditError(
                    f"{node.name} is a test, and {self.file.path} holds none: tests stay as they "
                    "are; give the corrected definition of the code that fails in them."
                )
            if anchor is None and (renamed := self.renamed(node)):
                self.splices.append(moved(self.file, self.code, self.edit, node, renamed))
                continue
            beside = self.in_class(node, self.edit.first)
            place = anchor or beside or self.at_line(self.edit.first) or self.at_line(neighbour)
            if place is None:
                raise EditError(self.unknown(node))
            before = place.first > (self.edit.first or 0) if beside else True
            self.insert(node, place, ahead if anchor else before)

    def _functions(self) -> list[Defining]:
        return [one.node for one in self.file.definitions]

    def _all_known(self, nodes: Sequence[Defining]) -> bool:
        names = {one.name for one in self.file.definitions}
        return all(node.name in names for node in nodes)

    def class_at(self, line: int | None) -> Definition | None:
        """The class between whose members, or at whose assignments, the line is."""
        holder = self.at_line(line)
        if line is None or holder is None or not holder.first <= line <= holder.last:
            return None
        return holder if isinstance(holder.node, ast.ClassDef) else None

    def in_class(self, node: Defining, line: int | None) -> Definition | None:
        """The member next to which a new method goes, where the line is between a class's."""
        holder = self.class_at(line)
        method = takes_instance(node) or self.code.margin or node.col_offset
        if line is None or holder is None or not method:
            return None
        inner = (*holder.owners, holder.node)
        members = [one for one in self.file.definitions if one.owners == inner]
        after = next((one for one in members if one.first > line), None)
        return after or (members[-1] if members else None)

    def renamed(self, node: Defining) -> Definition | None:
        """The definition in LINES that the new one is much like, under another name."""
        own = self.code.lines[first_line(node) - 1 : last_line(node)]
        best = max(
            (one for one in self.file.definitions if self._stated(one, node)),
            key=lambda one: resemblance(own, self.file.slice(one.first, one.last)),
            default=None,
        )
        like = best and resemblance(own, self.file.slice(best.first, best.last)) >= 0.6
        return best if like else None

    def _stated(self, one: Definition, node: Defining) -> bool:
        same = isinstance(one.node, ast.ClassDef) == isinstance(node, ast.ClassDef)
        return self.edit.first is not None and same and near(self.edit, one.first, one.last) == 0

    def at_line(self, line: int | None) -> Definition | None:
        """The innermost definition that holds the line, or else the next."""
        if line is None or line > len(self.file.lines):
            return None
        holding = [one for one in self.file.definitions if one.first <= line <= one.last]
        return (
            holding[-1]
            if holding
            else next((one for one in self.file.definitions if one.first >= line), None)
        )

    def insert(self, node: Defining, place: Definition, ahead: bool) -> None:
        """Insert a new definition before or after one that is there."""
        inside = bool(place.owners) and isinstance(place.owners[-1], ast.ClassDef)
        if inside and not (takes_instance(node) or node.col_offset or self.code.margin):
            place = next(one for one in self.file.definitions if one.node is place.outermost)
            inside = False
        give = self.file.indent_at(place.node.lineno)
        first = above_comments_in(self.code.lines, first_line(node))
        lines = self.code.at(first, last_line(node), " " * node.col_offset, give, ())
        gap = [""] * (2 if not give else 1)
        if ahead:
            at = above_comments(self.file, place.first)
            splice = Splice(at, at - 1, (*lines, *gap), "definition")
        else:
            splice = Splice(place.last + 1, place.last, (*gap, *lines), "definition")
        self.splices.append(splice)

    def unknown(self, node: Defining) -> str:
        """The sentence for a definition that belongs nowhere."""
        labels = list(dict.fromkeys(one.label for one in self.file.definitions))
        alike = sorted(labels, key=lambda one: (-_likeness(one, node.name), one))[:3]
        known = f"; it has {', '.join(alike)}" if alike else ""
        return f"{self.file.path} defines no {node.name}{known}."


def above_comments(file: File, line: int) -> int:
    """The first of the comment lines directly above a line, or the line itself."""
    return above_comments_in(file.lines, line)


def above_comments_in(lines: Sequence[str], line: int) -> int:
    """The same, in lines."""
    while line > 1 and is_comment(lines[line - 2]):
        line -= 1
    return line


def _head_end(lines: Sequence[str], first: int, body: int) -> int:
    end = body - 1
    while end > first and (is_blank(lines[end - 1]) or is_comment(lines[end - 1])):
        end -= 1
    return end


def _likeness(label: str, name: str) -> float:
    own, wanted = set(label.lower()), set(name.lower())
    tail = label.rsplit(".", 1)[-1].lower()
    common = len(own & wanted) / (len(own | wanted) or 1)
    return common + (name.lower() in tail or tail in name.lower())


def _is_test(node: Defining) -> bool:
    """Whether it is a test, and doesn't only have a name like one."""
    asserts = any(isinstance(one, ast.Assert) for one in ast.walk(node))
    return node.name.startswith("test_") and asserts


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _is_pass(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass)
