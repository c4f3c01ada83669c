"""The code of one edit, freed from the indentation that it happens to have."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stillwater.edits.syntax import parse, string_lines
from stillwater.edits.text import indent, is_blank, is_comment, shifted, split, trimmed


@dataclass(frozen=True)
class Code:
    """`lines` without ends and without the common indentation `margin`.

    `still` are the lines (0-based) that no change of indentation may touch: they are inside a
    string whose text starts left of the code. `strings` are the other runs of lines inside strings.
    `raw` are the lines as they came.
    """

    lines: tuple[str, ...]
    margin: str
    tree: ast.Module | None
    still: frozenset[int]
    strings: tuple[tuple[int, int], ...]
    raw: tuple[str, ...]

    @property
    def is_level(self) -> bool:
        """Whether no line of code is further left than the first."""
        lines = enumerate(self.raw)
        return all(
            is_blank(line) or is_comment(line) or n in self.still or line.startswith(self.margin)
            for n, line in lines
        )

    def lead(self, node: ast.stmt) -> str:
        """What the node's first line has before it."""
        before = self.lines[node.lineno - 1][: node.col_offset]
        return " " * node.col_offset if before.strip() else before

    def at(self, first: int, last: int, take: str, give: str, near: Sequence[str]) -> list[str]:
        """The lines first to last (1-based), moved from the indentation `take` to `give`.

        `near` are the lines that they replace: text inside strings moves along unless it stands in
        `near` as it is.
        """
        chosen = range(first - 1, last)
        lines = [self.lines[n] for n in chosen]
        if take == give:
            return lines
        still = self.still | self._settled(take, give, near)
        return [
            line if n in still else shifted(line, take, give)
            for n, line in zip(chosen, lines, strict=True)
        ]

    def _settled(self, take: str, give: str, near: Sequence[str]) -> set[int]:
        there = {line.strip("\r\n") for line in near}
        settled: set[int] = set()
        for first, last in self.strings:
            run = [n for n in range(first, last + 1) if not is_blank(self.lines[n])]
            as_is = sum(self.lines[n] in there for n in run)
            moved = sum(shifted(self.lines[n], take, give) in there for n in run)
            if as_is > moved:
                settled.update(range(first, last + 1))
        return settled


@lru_cache(maxsize=64)
def understand(text: str) -> Code:
    """The code of an edit, its indentation repaired where the first line alone has lost it."""
    lines = trimmed([line.rstrip("\r\n") for line in split(text)])
    plain = _dedented(lines)
    if plain.tree is None and (repaired := first_line_restored(lines)):
        second = _dedented(repaired)
        if second.tree is not None:
            return second
    return plain


def first_line_restored(lines: Sequence[str]) -> list[str] | None:
    """The lines with the first as far in as the least of the others; None if it is already."""
    others = [indent(line) for line in lines[1:] if not is_blank(line)]
    if not others or indent(lines[0]) or not (least := min(others, key=len)):
        return None
    return [least + lines[0], *lines[1:]]


def _dedented(lines: list[str]) -> Code:
    leading = next((one for one in lines if not is_blank(one) and not is_comment(one)), "")
    margin = indent(leading)
    inside: set[int] = set()
    still: set[int] = set()
    strings = []
    for first, last in string_lines(lines):
        run = range(first, min(last, len(lines) - 1) + 1)
        inside.update(run)
        if all(is_blank(lines[n]) or lines[n].startswith(margin) for n in run):
            strings.append((run.start, run.stop - 1))
        else:
            still.update(run)
    done = tuple(
        line
        if n in still or (n in inside and is_blank(line) and not margin)
        else (line[len(margin) :] if n in inside else shifted(line, margin, ""))
        for n, line in enumerate(lines)
    )
    tree = parse("\n".join(done) + "\n")
    return Code(done, margin, tree, frozenset(still), tuple(strings), tuple(lines))
