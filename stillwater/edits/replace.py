"""Replacing text that an edit names, wherever in the file it stands."""

import difflib
from collections.abc import Iterator, Sequence
from itertools import dropwhile

from stillwater.edits.base import File, Splice
from stillwater.edits.model import Edit, EditError
from stillwater.edits.text import indent, is_blank, shifted, split, trimmed

_NEARLY = 0.8
_LEAST_LINES = 3
_MOST_LINES = 600


def by_old_text(file: File, edit: Edit) -> list[Splice]:
    """What the edit changes: only the lines that differ between its old text and its new.

    Raises:
        EditError: the old text isn't in the file, or in two places.
    """
    old = [line for line in _lines(edit.old or "") if not is_blank(line)]
    if not old:
        raise EditError(
            f"The edit of {file.path} doesn't say which lines it replaces: give the whole "
            "corrected definition instead."
        )
    if max(len(old), edit.code.count("\n")) > _MOST_LINES:
        raise EditError(
            f"The edit of {file.path} replaces too many lines at once: give only the corrected "
            "definitions."
        )
    here = _chosen(file, edit, _places(file, old), old)
    give, take = file.indent_at(here[0]), indent(old[0])

    def moved(lines: Sequence[str]) -> list[str]:
        return [shifted(line, take, give) if take != give else line for line in lines]

    return list(_differences(here, moved(_lines(edit.old or "")), moved(_lines(edit.code))))


def _lines(text: str) -> list[str]:
    return trimmed([line.rstrip() for line in split(text)])


def _places(file: File, old: Sequence[str]) -> list[list[int]]:
    """Where the old lines stand: the numbers of the file's lines for each, in every place."""
    numbers = [n for n, line in enumerate(file.lines, 1) if not is_blank(line)]
    size = len(old)
    runs = [numbers[at : at + size] for at in range(len(numbers) - size + 1)]
    exact = [
        run
        for run in runs
        if all(file.lines[n - 1].rstrip() == one for n, one in zip(run, old, strict=True))
    ]
    if exact:
        return exact
    bare = [one.strip() for one in old]
    texts = [line.strip() for line in file.lines]
    shares = [
        sum(texts[n - 1] == one for n, one in zip(run, bare, strict=True)) / size for run in runs
    ]
    best = max(shares, default=0.0)
    if best < 1 and (best < _NEARLY or size < _LEAST_LINES):
        return []
    return [run for run, share in zip(runs, shares, strict=True) if share == best]


def _chosen(file: File, edit: Edit, places: Sequence[list[int]], old: Sequence[str]) -> list[int]:
    if not places:
        raise EditError(
            f"The lines to replace aren't in {file.path}: {_nearest(file, old)}give the whole "
            "corrected definition instead."
        )
    if len(places) == 1:
        return places[0]
    first = edit.first
    if first is not None:
        gaps = [abs(place[0] - first) for place in places]
        if gaps.count(min(gaps)) == 1:
            return places[gaps.index(min(gaps))]
    told = " and in ".join(f"{place[0]}-{place[-1]}" for place in places[:3])
    raise EditError(
        f"The lines to replace are more than once in {file.path}, in lines {told}: give the whole "
        "corrected definition instead."
    )


def _nearest(file: File, old: Sequence[str]) -> str:
    """The true text of the line most like the first of the old ones."""
    first = old[0].strip()[:200]
    ratios = [
        (difflib.SequenceMatcher(None, first, line.strip()[:200]).quick_ratio(), -n)
        for n, line in enumerate(file.lines[:5000], 1)
        if not is_blank(line)
    ]
    ratio, n = max(ratios, default=(0.0, 0))
    if ratio < _NEARLY:
        return ""
    return f"line {-n} is `{file.lines[-n - 1].strip()[:200]}`; "


def _differences(here: Sequence[int], old: Sequence[str], new: Sequence[str]) -> Iterator[Splice]:
    """A splice for each run of lines that differ; the others stay as the file has them.

    `here` are the numbers of the file's lines for those of `old` that aren't blank.
    """
    were, are = _real(old), _real(new)
    matcher = difflib.SequenceMatcher(
        None, [old[n] for n in were], [new[n] for n in are], autojunk=False
    )
    for tag, first_old, end_old, first_new, end_new in matcher.get_opcodes():
        if tag == "equal":
            continue
        lines = _between(new, are, first_new, end_new)
        first, last = _lines_between(here, first_old, end_old)
        # Blank lines that neither the old text nor the new tells of stay.
        if first_old and not _gap(were, first_old):
            first = here[first_old] if first_old < len(here) else first
            lines = lines if _gap(are, first_new) else _without_first_blanks(lines)
        if end_old > first_old and end_old < len(here) and not _gap(were, end_old):
            last = here[end_old - 1]
            lines = lines if _gap(are, end_new) else _without_first_blanks(lines[::-1])[::-1]
        if not (first_old and end_old < len(here)):
            lines = trimmed(lines)
        yield Splice(first, last, tuple(lines), "old text")


def _without_first_blanks(lines: Sequence[str]) -> list[str]:
    return list(dropwhile(is_blank, lines))


def _real(lines: Sequence[str]) -> list[int]:
    return [n for n, line in enumerate(lines) if not is_blank(line)]


def _gap(places: Sequence[int], at: int) -> bool:
    """Whether blank lines stand before the line `at`."""
    return 0 < at < len(places) and places[at] - places[at - 1] > 1


def _between(lines: Sequence[str], places: Sequence[int], first: int, end: int) -> list[str]:
    """All lines after the one before `first` and before the one at `end`."""
    start = places[first - 1] + 1 if first else 0
    return list(lines[start : places[end] if end < len(places) else len(lines)])


def _lines_between(here: Sequence[int], first: int, end: int) -> tuple[int, int]:
    """The same of the file's lines; at the ends of `here`, no line beyond it."""
    if first == end == 0:
        return here[0], here[0] - 1
    start = here[first - 1] + 1 if first else here[0]
    return start, here[end] - 1 if end < len(here) else max(here[-1], start - 1)
