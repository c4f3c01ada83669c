"""Putting whole definitions where the definitions of those names stand."""

import ast
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from stillwater.edits.base import File, Splice, near
from stillwater.edits.classes import head, is_all_of
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
    by_assigned,
    first_line,
    is_guard,
    is_text,
    last_line,
    used,
    used_running,
)
from stillwater.edits.testing import foreign_tests, without_tools
from stillwater.edits.text import above_comments, indent, is_blank, is_comment, resemblance
from stillwater.edits.usage import USAGE, usage

_LIKE = 0.5
"""The share of lines that a method of another class needs to be the one that is meant."""


@dataclass(frozen=True)
class _Later:
    """An assignment for the line `at`, behind the new definitions of those names."""

    at: int
    lines: tuple[str, ...]
    names: Set[str]


@dataclass
class Merge:
    """The definitions of one block on their way into one file."""

    file: File
    code: Code
    edit: Edit
    splices: list[Splice] = field(default_factory=list)
    fresh: list[tuple[Defining, Definition | None, bool]] = field(default_factory=list)
    homes: dict[Defining, Definition] = field(default_factory=dict)
    later: list[_Later] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)

    def top(self, body: Sequence[ast.stmt]) -> bool:
        """Place the statements of the block; False where it isn't made of whole definitions."""
        defining = [one for one in body if isinstance(one, Defining)]
        if not defining or self.file.tree is None:
            return False
        home = self.class_at(self.edit.first) if self.code.margin else None
        old = self.file.tree.body if home is None else home.node.body
        shown = usage(body, old)
        self.repairs += [USAGE] * bool(shown)
        constants, there = [], by_assigned(old)
        for node in body:
            if isinstance(node, Defining | Importing) or is_text(node) or node in shown:
                continue
            name = assigned(node)
            if is_guard(node) or any(alike(node, one) for one in there.get(name, ())):
                continue
            if not name:
                return False
            constants.append(node)
        if home is None and constants and self.code.margin:
            home = self._class_of(defining)
            old = old if home is None else home.node.body
        if home is not None and (constants or not self._all_known(defining)):
            among = self.inside(home)
            self.members(defining, _owners(home), among)
            at = next((one.first for one in among), last_line(home.node) + 1)
            self.values(constants, old, among, above_comments(self.file.lines, at))
            return True
        self.members(defining, (), self.file.definitions)
        tops = [one for one in self.file.definitions if not one.owners]
        self.values(constants, self.file.tree.body, tops, self.anchor(defining))
        imports = [one for one in body if isinstance(one, Importing)]
        wanted = without_tools(imports, foreign_tests(body, self._nodes()), body)
        self.splices += missing(self.file, wanted, None, used_running(body))
        return True

    def anchor(self, nodes: Sequence[Defining]) -> int:
        """The line before which the block's new constants go."""
        lines = [one.first for one in self.splices if one.how == "definition"]
        at = min(lines, default=len(self.file.lines) + 1)
        tops = [
            one for one in self.file.definitions if not one.owners and one.first <= at <= one.last
        ]
        return above_comments(self.file.lines, tops[0].first if tops else at)

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
            else:
                named = [one for one in named if not self._of_another_class(node, one)]
            target = choose(self.file, self.code, self.edit, node, named)
            placed.append(target)
            taken += [target] if target else []
        pairs = [(node, one) for node, one in zip(nodes, placed, strict=True) if one]
        changing = [one for node, one in pairs if _changes(node, one.node)]
        for node, target in pairs:
            self.put(node, target, any(one is not target for one in changing[:2]))
        for n, node in enumerate(nodes):
            if placed[n] is None:
                after = next((one for one in placed[n + 1 :] if one), None)
                before = next((one for one in reversed(placed[:n]) if one), None)
                self.fresh.append((node, after or before, after is not None))

    def put(self, node: Defining, target: Definition, more: bool) -> None:
        """Replace one definition, or only the members of a class that the block gives.

        `more` says that another definition beside it changes.
        """
        old = target.node
        if (
            isinstance(node, ast.ClassDef)
            and isinstance(old, ast.ClassDef)
            and not is_all_of(node, old, self.edit, target)
        ):
            self.merge(node, target, old)
        else:
            self.splices.append(moved(self.file, self.code, self.edit, node, target, more))

    def merge(self, node: ast.ClassDef, target: Definition, old: ast.ClassDef) -> None:
        """Replace the members that the block gives, and leave the class's others."""
        among = self.inside(target)
        before = len(self.fresh)
        nodes = [one for one in node.body if isinstance(one, Defining)]
        self.members(nodes, _owners(target), among)
        for n in range(before, len(self.fresh)):
            fresh, anchor, _ = self.fresh[n]
            if anchor is None and among:
                self.fresh[n] = (fresh, among[-1], False)
            elif anchor is None:
                self.homes[fresh] = target
        values = [one for one in node.body if assigned(one)]
        at = next((one.first for one in among), last_line(old) + 1)
        self.values(values, old.body, among, above_comments(self.file.lines, at))
        if any(new and not alike(new, was) for new, was in zip(head(node), head(old), strict=True)):
            self.head(node, old)

    def head(self, node: ast.ClassDef, old: ast.ClassDef) -> None:
        """Replace the `class …:` lines of a class whose bases changed."""
        if node.body[0].lineno == node.lineno or old.body[0].lineno == old.lineno:
            return
        give = self.file.indent_at(old.lineno)
        end = _head_end(self.code.lines, node.lineno, first_line(node.body[0]))
        old_end = _head_end(self.file.lines, old.lineno, first_line(old.body[0]))
        lines = self.code.at(node.lineno, end, self.code.lead(node), give, ())
        self.splices.append(Splice(old.lineno, old_end, tuple(lines), "definition"))

    def values(
        self,
        nodes: Sequence[ast.stmt],
        body: Sequence[ast.stmt],
        among: Sequence[Definition],
        at: int,
    ) -> None:
        """Replace the assignments of those names, and insert the new ones before line `at`.

        Those that use definitions of `among`, which stand in the same body, or new ones go behind
        them.
        """
        new: list[str] = []
        give = indent(self.file.lines[body[0].lineno - 1]) if body else ""
        there = by_assigned(body)
        for node in nodes:
            same = there.get(assigned(node), [])
            if any(alike(node, one) for one in same):
                continue
            lines = self.code.at(node.lineno, last_line(node), self.code.lead(node), give, ())
            if len(same) == 1:
                first, last = same[0].lineno, last_line(same[0])
                self.splices.append(Splice(first, last, tuple(lines), "definition"))
                continue
            needs = used(node)
            after = [one.last + 1 for one in among if one.name in needs]
            fresh = needs & {one.name for one, _, _ in self.fresh}
            if fresh or max(after, default=at) > at:
                self.later.append(_Later(max([at, *after]), tuple(lines), fresh))
            else:
                new += lines
        if new:
            self.splices.append(Splice(at, at - 1, (*new, ""), "definition"))

    def settle(self, neighbour: int | None, others: bool) -> None:
        """Insert the definitions that the file doesn't have, next to what they belong to.

        Tests are left out where `others` says that more of the answer has its place.
        """
        tests = foreign_tests((one[0] for one in self.fresh), self._nodes())
        inserted: dict[str, int] = {}
        for node, anchor, ahead in self.fresh:
            if node in tests and not others and len(tests) == len(self.fresh):
                raise EditError(
                    f"{node.name} is a test, and {self.file.path} holds none: tests stay as they "
                    "are; give the corrected definition of the code that fails in them."
                )
            if self.edit.partial and isinstance(node, ast.ClassDef):
                raise EditError(f"{self.unknown(node)} Give a new class whole.")
            if node in tests:
                self.repairs.append(f"test {node.name} left out")
                continue
            if anchor is None and (renamed := self.renamed(node)):
                self.splices.append(moved(self.file, self.code, self.edit, node, renamed))
                continue
            beside = self.in_class(node, self.edit.first)
            home = self.homes.get(node) or self._bare_class(node)
            if anchor is None and home is not None:
                self.splices.append(self._first_in(home, node))
                inserted[node.name] = self.splices[-1].first
                continue
            place = anchor or beside or self.at_line(self.edit.first) or self.at_line(neighbour)
            if place is None:
                raise EditError(self.unknown(node))
            before = place.first > (self.edit.first or 0) if beside else True
            self.insert(node, place, ahead if anchor else before)
            inserted[node.name] = self.splices[-1].first
        for one in self.later:
            at = max([one.at, *(inserted.get(name, 0) for name in one.names)])
            lead = ("", "") if one.lines[0] == one.lines[0].lstrip() and not one.names else ()
            tail = () if is_blank("".join(self.file.slice(at, at))) else ("",)
            self.splices.append(Splice(at, at - 1, (*lead, *one.lines, *tail), "definition"))

    def inside(self, home: Definition) -> list[Definition]:
        """The definitions that stand directly in that class."""
        return [one for one in self.file.definitions if one.owners == _owners(home)]

    def _nodes(self) -> list[Defining]:
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

    def _class_of(self, nodes: Sequence[Defining]) -> Definition | None:
        """The class whose method LINES are in, where it has a method that the block gives."""
        line, names = self.edit.first or 0, {one.name for one in nodes}
        holding = [one for one in self.file.definitions if one.first <= line <= one.last]
        classes = [one for one in holding if isinstance(one.node, ast.ClassDef)]
        if not classes or holding[-1] is classes[-1]:
            return None
        has = {one.name for one in self.inside(classes[-1])}
        return classes[-1] if names & has else None

    def in_class(self, node: Defining, line: int | None) -> Definition | None:
        """The member next to which a new method goes, where the line is between a class's."""
        holder = self.class_at(line)
        if line is None or holder is None or not self._is_method(node):
            return None
        members = self.inside(holder)
        after = next((one for one in members if one.first > line), None)
        return after or (members[-1] if members else None)

    def _of_another_class(self, node: Defining, one: Definition) -> bool:
        """Whether LINES are in a class without such a method, and this is nothing like it."""
        home = self.class_at(self.edit.first)
        if home is None or not takes_instance(node) or not one.owners:
            return False
        there = self.inside(home)
        has = any(each.name == node.name for each in there)
        if has or one in there or (self.edit.last or 0) > home.last:
            return False
        own = self.code.lines[node.body[0].lineno - 1 : last_line(node)]
        old = self.file.slice(one.node.body[0].lineno, one.last)
        return resemblance(own, old) < _LIKE

    def _bare_class(self, node: Defining) -> Definition | None:
        """The class that LINES are in, where it has no method yet and the new one is for it."""
        home = self.class_at(self.edit.first)
        if home is None or not self._is_method(node) or self.inside(home):
            return None
        return home

    def _first_in(self, home: Definition, node: Defining) -> Splice:
        """What puts the definition into a class that has none."""
        body = home.node.body
        give = self.file.indent_at(body[0].lineno)
        if body[0].lineno == home.node.lineno:
            raise EditError(f"{home.label} stands on one line: give the whole class.")
        return Splice(home.last + 1, home.last, ("", *self._indented(node, give)), "definition")

    def _is_method(self, node: Defining) -> bool:
        """Whether it looks like a member of a class, or stands as far in as one."""
        return bool(takes_instance(node) or self.code.margin or node.col_offset)

    def _indented(self, node: Defining, give: str) -> list[str]:
        """The lines of a new definition, with the comments above it, indented by `give`."""
        first = above_comments(self.code.lines, first_line(node))
        return self.code.at(first, last_line(node), self.code.lead(node), give, ())

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
        if inside and not self._is_method(node):
            place = next(one for one in self.file.definitions if one.node is place.outermost)
            inside = False
        give = self.file.indent_at(place.node.lineno)
        lines = self._indented(node, give)
        gap = [""] * (2 if not give else 1)
        if ahead:
            at = above_comments(self.file.lines, place.first)
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


def _owners(home: Definition) -> tuple[Defining, ...]:
    """The owners of what stands directly in that class."""
    return (*home.owners, home.node)


def _changes(node: Defining, old: Defining) -> bool:
    """Whether the definition differs in more than its decorators."""
    return any(
        not alike(getattr(node, part, None), getattr(old, part, None)) for part in ("args", "body")
    )


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
