"""Replacing lines: where they are stated, or where they resemble what the answer gives."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stillwater.edits.base import File, Splice
from stillwater.edits.code import Code, first_line_restored
from stillwater.edits.model import Edit, EditError
from stillwater.edits.moving import in_style
from stillwater.edits.syntax import (
    Definition,
    Function,
    complaint,
    defines,
    first_line,
    last_line,
)
from stillwater.edits.text import indent, is_blank, resemblance, shifted

_AROUND = 12
_FAR = 12
_TRIED = 10
_PER_LINE = 0.02
_MOST = 0.5
_STATED = 0.1
_LEAST = 0.5
_SURE = 0.65
"""The least where the stated lines can't be meant."""
_ALIKE = 0.01
_PAIRS = 4_000
_ROUGH = 50
"""Code of more lines is compared by the lines that both have, the rest line by line, in order."""
_TRIED_LINES = 10_000
_CONVINCING = 0.4


@dataclass(frozen=True)
class _Window:
    score: float
    first: int
    last: int
    stated: bool


def by_lines(file: File, code: Code, edit: Edit) -> Splice:
    """The stated lines, or those that the code resembles more, replaced by the code.

    Raises:
        EditError: no place is good enough, none compiles, or two are equally good.
    """
    if not file.lines:
        return Splice(1, 0, code.lines, "lines")
    ranked = _windows(file, code, edit)
    stated = next((one for one in ranked if one.stated), None)
    first, last = edit.first or 0, edit.last or 0
    lost = _swallowed(file, code, first, last)
    least = _SURE if lost else _LEAST
    if not ranked or (stated is None and ranked[0].score < least):
        count = len(file.lines)
        if lost:
            raise EditError(
                f"LINES {first}-{last} hold all of {lost.label}, but the code has no def line: "
                "give the whole corrected definition, or name in LINES only the lines that change."
            )
        raise EditError(
            f"The code resembles no lines of {file.path} ({count} lines): give the whole "
            "corrected definition, with its def line."
        )
    good = _good(file, code, ranked)
    best = next(good, None)
    if best is None:
        raise EditError(_refusal(file, code, stated or ranked[0]))
    window, splice = best
    if stated and not window.stated and _is_inside(window, stated, code):
        return next((one for _, one in _good(file, code, [stated])), splice)
    _settle_tie(file, window, good)
    return splice


def _is_inside(best: _Window, stated: _Window, code: Code) -> bool:
    """Whether the stated lines, as many as the code has, hold those that it resembles most."""
    width = stated.last - stated.first + 1
    return width == len(code.lines) and stated.first <= best.first and best.last <= stated.last


def _good(file: File, code: Code, ranked: Sequence[_Window]) -> Iterator[tuple[_Window, Splice]]:
    most = max(2, min(_TRIED, _TRIED_LINES // len(code.lines)))
    for window in ranked[:most]:
        if not window.stated and window.score < _CONVINCING:
            continue
        for lines in _variants(file, code, window):
            how = "lines" if window.stated else "resemblance"
            splice = Splice(window.first, window.last, tuple(lines), how)
            if not file.is_python or file.tree is None or _compiles(file, splice):
                yield window, splice
                break


def _settle_tie(file: File, best: _Window, others: Iterator[tuple[_Window, Splice]]) -> None:
    for window, _ in others:
        if window.score < best.score - _ALIKE:
            return
        if window.last < best.first or window.first > best.last:
            pair = sorted([(best.first, best.last), (window.first, window.last)])
            raise EditError(
                f"The code fits lines {pair[0][0]}-{pair[0][1]} and lines "
                f"{pair[1][0]}-{pair[1][1]} of {file.path} equally well: give the whole "
                "corrected definition."
            )


def _refusal(file: File, code: Code, window: _Window) -> str:
    lines = next(iter(_variants(file, code, window)))
    wrong = complaint(file.spliced([Splice(window.first, window.last, tuple(lines), "lines")]))
    said = f": {wrong.message} in line {wrong.line}" if wrong else ""
    return (
        f"With the code in lines {window.first}-{window.last}, {file.path} no longer compiles"
        f"{said}; give the whole corrected definition."
    )


def _compiles(file: File, splice: Splice) -> bool:
    """Whether the statements around the splice still compile."""
    first, last = splice.first, splice.last
    for node in file.tree.body if file.tree else ():
        if last_line(node) >= splice.first and first_line(node) <= splice.last:
            first, last = min(first, first_line(node)), max(last, last_line(node))
    lines = [*file.slice(first, splice.first - 1), *splice.lines]
    return complaint("\n".join([*lines, *file.slice(splice.last + 1, last)]) + "\n") is None


def _variants(file: File, code: Code, window: _Window) -> list[list[str]]:
    """The code's lines, indented as they came and as the lines that they replace."""
    old = file.slice(window.first, window.last)
    wanted = indent(next((line for line in old if not is_blank(line)), code.margin))
    options = [_rebased(code, wanted, old), list(code.raw)]
    if code.margin == wanted or (code.margin and code.is_level):
        options.reverse()
    if restored := first_line_restored(code.raw):
        least = indent(restored[0])
        options.append([shifted(line, least, wanted) for line in restored])
    unique: list[list[str]] = []
    for one in options:
        styled = in_style(file, one, code)
        if styled not in unique:
            unique.append(styled)
    return unique


def _rebased(code: Code, wanted: str, old: Sequence[str]) -> list[str]:
    """The code's lines, moved as a whole so that the first is indented as `wanted`."""
    if code.is_level:
        return code.at(1, len(code.lines), "", wanted, old)
    extra = wanted.removeprefix(code.margin)
    return [line if is_blank(line) else extra + line for line in code.raw]


def _windows(file: File, code: Code, edit: Edit) -> list[_Window]:
    """The places for the code, best first."""
    count, size = len(file.lines), len(code.lines)
    first = edit.first if edit.first is not None and edit.first <= count else None
    last = min(edit.last or first, count) if first is not None else None
    width = last - first + 1 if first is not None and last is not None else size
    widths = sorted({one for one in (width, *range(size - 2, size + 3)) if 0 < one <= count})
    scale = _Scale(file.lines, code.lines)
    places: set[tuple[int, int]] = set()
    if first is not None and last is not None:
        places.add((first, last))
        near = range(max(1, first - _AROUND), first + _AROUND + 1)
        places |= {(one, one + w - 1) for one in near for w in widths if one + w - 1 <= count}
    places |= {(one, one + w - 1) for one in scale.likely() for w in widths if one + w - 1 <= count}
    windows = []
    for start, end in places:
        if _swallowed(file, code, start, end):
            continue
        is_stated = (start, end) == (first, last)
        aim = edit.first
        cost = 0.0 if aim is None else min(_MOST, _PER_LINE * abs(start - aim))
        score = scale.score(start, end) - cost + _STATED * is_stated
        windows.append(_Window(round(score, 6), start, end, is_stated))
    return sorted(windows, key=lambda one: (-one.score, not one.stated, one.first, one.last))


def _swallowed(file: File, code: Code, first: int, last: int) -> Definition | None:
    """The definition that would be gone with the lines, since the code defines and binds none.

    A function's own helper may go with more of the function.
    """
    held = next((one for one in file.definitions if first <= one.first and one.last <= last), None)
    if held is None or defines(code.lines) or _binds(code, held.name):
        return None
    inner = bool(held.owners) and isinstance(held.owners[-1], Function)
    return None if inner and last - first > held.last - held.first else held


def _binds(code: Code, name: str) -> bool:
    own = re.compile(rf"(?:{name}\b.*=|(?:from\b.*)?\bimport\b.*\b{name}\b)")
    return any(own.match(line.strip()) for line in code.lines)


class _Scale:
    """How much runs of a file's lines resemble the code."""

    def __init__(self, lines: Sequence[str], code: Sequence[str]) -> None:
        self._lines = [line.strip() for line in lines]
        self._code = [line.strip() for line in code]
        self._exact = len(self._code) * (2 * _AROUND + len(self._code)) > _PAIRS

    def likely(self) -> list[int]:
        """The starts of runs that hold most of the code's own lines."""
        own = {line for line in self._code if len(line) > 2}
        size = len(self._code)
        starts: dict[int, int] = {}
        at = {line: n for n, line in reversed(list(enumerate(self._code)))}
        for n, line in enumerate(self._lines):
            if line in own:
                for start in range(n - at[line] - 1, n - at[line] + 2):
                    if 0 <= start < len(self._lines):
                        starts[start] = starts.get(start, 0) + 1
        if not starts and size == 1:
            return _closest(self._code[0], self._lines)
        ranked = sorted(starts, key=lambda start: (-starts[start], start))
        return [start + 1 for start in ranked[: 3 * _FAR]]

    def score(self, first: int, last: int) -> float:
        """0 to 1: how much of the run the code has, and how much of the code the run has."""
        run = self._lines[first - 1 : last]
        if len(self._code) > _ROUGH:
            return resemblance(run, self._code)
        own = self._code
        best = [0.0] * (len(own) + 1)
        for line in run:
            row = [0.0]
            for n, mine in enumerate(own):
                pair = best[n] + self._alike(line, mine)
                row.append(max(pair, best[n + 1], row[n]))
            best = row
        weights = sum(map(_weight, run)), sum(map(_weight, own))
        return sum(best[-1] / weight for weight in weights if weight) / 2

    def _alike(self, line: str, mine: str) -> float:
        if line == mine:
            return _weight(line)
        if self._exact or not line or not mine:
            return 0.0
        return _ratio(line[:200], mine[:200])


def _weight(line: str) -> float:
    return 1.0 if len(line) > 2 else 0.25


def _closest(wanted: str, lines: Sequence[str]) -> list[int]:
    ranked = sorted(
        ((-_quick(wanted[:200], line[:200]), n) for n, line in enumerate(lines[:5000]) if line)
    )
    return [n + 1 for _, n in ranked[:_FAR]]


def _quick(one: str, other: str) -> float:
    left, right = set(one.split()), set(other.split())
    return 2 * len(left & right) / ((len(left) + len(right)) or 1)


@lru_cache(maxsize=20_000)
def _ratio(one: str, other: str) -> float:
    ratio = difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
    return ratio if ratio > 0.4 else 0.0
