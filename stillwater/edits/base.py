"""A file as edits find it, and what may be put into it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from stillwater.edits.model import Edit
from stillwater.edits.syntax import Definition, definitions, parse
from stillwater.edits.text import bare, indent, newline, split


@dataclass(frozen=True)
class Splice:
    """New lines for the base lines first to last; last is first - 1 for an insertion.

    `repair` says what of the answer wasn't taken as it stood; "; " stands between several things.
    """

    first: int
    last: int
    lines: tuple[str, ...]
    how: str
    repair: str = ""


def told(splices: Sequence[Splice], repairs: Sequence[str]) -> list[Splice]:
    """The splices, the first of which also tells of the repairs."""
    if not splices:
        return []
    first, *rest = splices
    return [replace(first, repair="; ".join(filter(None, [first.repair, *repairs]))), *rest]


@dataclass(frozen=True)
class File:
    """A file's base text, looked at once."""

    path: str
    text: str

    @property
    def is_python(self) -> bool:
        """Whether Python reads it."""
        return self.path.endswith((".py", ".pyi"))

    @cached_property
    def ended(self) -> list[str]:
        """Its lines with their ends."""
        return split(self.text)

    @cached_property
    def lines(self) -> list[str]:
        """Its lines without their ends."""
        return [bare(line) for line in self.ended]

    @cached_property
    def tree(self) -> ast.Module | None:
        """Its tree, if it is Python that this interpreter reads."""
        return parse(self.text) if self.is_python else None

    @cached_property
    def definitions(self) -> Sequence[Definition]:
        """Its functions and classes."""
        return definitions(self.tree) if self.tree else ()

    @cached_property
    def tabbed(self) -> bool:
        """Whether it indents by tabs."""
        tabs = sum(line.startswith("\t") for line in self.lines)
        return tabs > sum(line.startswith("  ") for line in self.lines)

    def slice(self, first: int, last: int) -> list[str]:
        """The lines first to last."""
        return self.lines[first - 1 : last]

    def indent_at(self, line: int) -> str:
        """The indentation of a line."""
        return indent(self.lines[line - 1])

    def spliced(self, splices: Sequence[Splice]) -> str:
        """The text with the splices put in, in its own style of line ends."""
        lines, end = list(self.ended), newline(self.ended)
        # From the bottom up; at one place, what was placed last goes in first.
        order = sorted(enumerate(splices), key=lambda one: (-one[1].first, -one[1].last, -one[0]))
        for _, splice in order:
            at_end = splice.last >= len(lines)
            new = [line + end for line in splice.lines]
            if at_end and lines and splice.first > len(lines) and bare(lines[-1]) == lines[-1]:
                lines[-1] += end
            if at_end and new and self.ended and bare(self.ended[-1]) == self.ended[-1]:
                new[-1] = bare(new[-1])
            lines[splice.first - 1 : splice.last] = new
        return "".join(lines)


@lru_cache(maxsize=16)
def file_of(path: str, text: str) -> File:
    """The file, looked at once for all edits of it and all attempts that change it."""
    return File(path, text)


def near(edit: Edit, first: int, last: int) -> int:
    """How many lines lie between those that the edit states, if any, and first to last."""
    if edit.first is None or edit.last is None:
        return 0
    return max(0, first - edit.last, edit.first - last)


def overlap(edit: Edit, first: int, last: int) -> int:
    """How many of the lines first to last the edit states."""
    if edit.first is None or edit.last is None:
        return 0
    return max(0, min(edit.last, last) - max(edit.first, first) + 1)
