"""Which definitions a gold patch changes, and whether a choice shows them whole.

A line that the patch changes or removes counts for the innermost passage around it: a function, the
head of a class (down to its first method), or a run of other statements (imports by themselves). A
line that it only adds counts for the passage that it goes into; at a definition's end it goes into
it where it is indented deeper. What goes between passages is new, a function or an import say, and
counts for nothing, nor do blank lines and comments there. Where nothing counts, the patched files
do, and are shown where any part of them is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from stillwater.context import Choice
from stillwater.context.facts import Passage, passages
from stillwater.prompt import lines_of

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+")


class Changed(NamedTuple):
    """A line of the base that is removed, or after which a line of this `indent` is added."""

    path: str
    line: int
    indent: int | None


class Gold(NamedTuple):
    """A passage that the patch changes, or a whole file of which any part will do."""

    path: str
    first: int
    last: int


def changed(patch: str) -> Iterator[Changed]:
    """What the patch changes in the base, without its blank lines."""
    path, at, replaces = "", 0, False
    for line in patch.splitlines():
        text = line[1:]
        if line.startswith("--- "):
            path, replaces = line[6:].split("\t")[0], False
        elif hunk := _HUNK.match(line):
            at, replaces = int(hunk[1]), False
        elif line.startswith("-"):
            if text.strip():
                yield Changed(path, at, None)
            at, replaces = at + 1, True
        elif line.startswith("+") and not line.startswith("+++"):
            # What comes in place of removed lines counts by those.
            if text.strip() and not replaces:
                yield Changed(path, max(1, at - 1), _indent(text))
        elif line.startswith(" "):
            at, replaces = at + 1, False


def gold_definitions(patch: str, texts: Mapping[str, str]) -> set[Gold]:
    """The passages that the patch changes, or its files where it only adds new ones."""
    found, files = set[Gold](), set[Gold]()
    for one in changed(patch):
        if one.path in texts:
            files.add(Gold(one.path, 0, 0))
            lines = lines_of(texts[one.path])
            around = [it for it in passages(texts[one.path]) if _holds(it, one, lines)]
            if around:
                near = min(around, key=lambda it: it.last - it.first)
                found.add(Gold(one.path, near.first, near.last))
    return found or files


def share_shown(choice: Choice, wanted: set[Gold]) -> float:
    """The share of them that the model sees all of."""
    return sum(_is_shown(choice, *one) for one in wanted) / len(wanted)


def _holds(passage: Passage, one: Changed, lines: Sequence[str]) -> bool:
    if not passage.first <= one.line <= passage.last:
        return False
    if one.indent is None or one.line < passage.last:
        return True
    return bool(passage.name) and one.indent > _indent(lines[passage.first - 1])


def _is_shown(choice: Choice, path: str, first: int, last: int) -> bool:
    for one in choice.files:
        if one.path == path:
            whole = one.lines is None or not last
            return whole or any(a <= first and last <= b for a, b in one.lines or ())
    return False


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
