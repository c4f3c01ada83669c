"""Answers in other known forms: unified diffs, and blocks of search and replace.

Both say which lines are to be replaced by which, so both become edits that name the old text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from stillwater.edits.code import understand
from stillwater.edits.text import is_blank, trimmed

_DIFFS = {"diff", "patch", "udiff"}
_SEARCH = re.compile(r"^\s*<{5,9} ?(?:SEARCH|ORIGINAL|HEAD|OLD)?\b.*$")
_DIVIDER = re.compile(r"^\s*={5,9}\s*$")
_REPLACE = re.compile(r"^\s*>{5,9} ?(?:REPLACE|UPDATED|NEW)?\b.*$")
_HUNK = re.compile(r"^@@(?: -(\d{1,7})(?:,\d+)? \+\d+(?:,\d+)? @@| |@|$).*$")
_FROM = re.compile(r"^--- (?:a/)?(\S.*?)(?:\t.*)?$")
_TO = re.compile(r"^\+\+\+ (?:b/)?(\S.*?)(?:\t.*)?$")
_GIT = re.compile(r"^diff --git a/\S+ b/(\S+)$")
_UPDATE = re.compile(r"^\*\*\* Update File: (\S+)\s*$")
_MARKS = re.compile(
    r"^(?:\*\*\* (?:Begin Patch|End Patch|End of File).*|\\ No newline.*|index [0-9a-f]+\.\..*)$"
)
_HEADING = re.compile(r"^(?:@@|--- \S|\+\+\+ \S|diff --git |\*\*\* |index |\\ No newline)")


@dataclass
class Replacement:
    """Lines and those that they become; `first` is where the answer says that the old ones are."""

    path: str
    first: int | None
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def is_replacing(lines: Sequence[str], language: str = "") -> bool:
    """Whether the lines, of a fence in that language, are a diff or search and replace."""
    if language in _DIFFS and any(line.startswith(("+", "-")) for line in lines):
        return True
    return any(map(_SEARCH.match, lines)) or _is_diff(lines)


def replacements(lines: Sequence[str], path: str) -> list[Replacement]:
    """What the lines replace in which file; `path` is the file where they name none."""
    search = any(map(_SEARCH.match, lines))
    found = _searches(lines, path) if search else _hunks(lines, path)
    return [one for one in found if [*map(str.rstrip, one.old)] != [*map(str.rstrip, one.new)]]


def _is_diff(lines: Sequence[str]) -> bool:
    if any(_HUNK.match(line) or line.startswith("*** Begin Patch") for line in lines):
        return True
    if any(_FROM.match(a) and _TO.match(b) for a, b in pairwise(lines)):
        return True
    real = [line for line in lines if not is_blank(line)]
    signs = {line[0] for line in real}
    if signs == {"+", "-"}:
        return True
    marked = {"+", "-"} <= signs <= {"+", "-", " "} or ("+" in signs and _becomes_python(lines))
    return marked and understand("\n".join(lines)).tree is None


def _becomes_python(lines: Sequence[str]) -> bool:
    """Whether the lines are Python once those marked as gone go, and the others' marks do."""
    kept = [line.removeprefix("+") for line in lines if not line.startswith("-")]
    return understand("\n".join(kept)).tree is not None


def _is_led(lines: Sequence[str]) -> bool:
    """Whether the unmarked lines of a diff start with the blank that says so.

    Code is indented by even numbers of blanks, so the marks of all others make those odd.
    """
    told = [line for line in lines if not (is_blank(line) or _HEADING.match(line))]
    marked = [line[1:] for line in told if line.startswith(("+", "-"))]
    unmarked = [line for line in told if not line.startswith(("+", "-"))]
    return any(_blanks(line) % 2 for line in (*marked, *unmarked))


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _searches(lines: Sequence[str], path: str) -> Iterator[Replacement]:
    one: Replacement | None = None
    is_new = False
    for line in lines:
        if _SEARCH.match(line):
            one, is_new = Replacement(path, None), False
        elif one and not is_new and _DIVIDER.match(line):
            is_new = True
        elif one and is_new and _REPLACE.match(line):
            yield one
            one = None
        elif one:
            (one.new if is_new else one.old).append(line)


def _hunks(lines: Sequence[str], path: str) -> Iterator[Replacement]:
    one = Replacement(path, None)
    lead = " " if _is_led(lines) else ""
    for n, line in enumerate(lines):
        heading = _FROM.match(line) and n + 1 < len(lines) and _TO.match(lines[n + 1])
        if heading or _GIT.match(line) or _UPDATE.match(line):
            yield from _finished(one)
            one = Replacement(_named(lines, n) or path, None)
        elif found := _HUNK.match(line):
            yield from _finished(one)
            one = Replacement(one.path, int(found[1]) if found[1] else None)
        elif _MARKS.match(line) or (_TO.match(line) and n and _FROM.match(lines[n - 1])):
            continue
        elif line.startswith("+"):
            one.new.append(line[1:])
        elif line.startswith("-"):
            one.old.append(line[1:])
        else:
            kept = line.removeprefix(lead)
            one.old.append(kept)
            one.new.append(kept)
    yield from _finished(one)


def _named(lines: Sequence[str], at: int) -> str | None:
    found = _GIT.match(lines[at]) or _UPDATE.match(lines[at]) or _TO.match(lines[at + 1])
    name = found[1] if found else ""
    if name == "/dev/null" and (gone := _FROM.match(lines[at])):
        name = gone[1]
    return name or None


def _finished(one: Replacement) -> Iterator[Replacement]:
    if trimmed(one.old) or trimmed(one.new):
        yield one
