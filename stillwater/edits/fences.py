"""Fences: where code in an answer begins and ends, when some of the marks are missing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.edits import headers
from stillwater.edits.code import understand
from stillwater.edits.text import is_blank

_FENCE = re.compile(r"^([\s>]*)(`{3,}|~{3,})[ \t]*([^`~]*)$")
_PATH = re.compile(r"(?:^|[\s:={\"'])([\w@+./\\-]*[\w-]\.\w{1,5})\b")
_TRIED = 6


@dataclass(frozen=True)
class Fence:
    """Fenced code; `end` is the index of the line after it, `path` the file its info names.

    `language` is the first word of the info, as it is.
    """

    path: str
    language: str
    code: tuple[str, ...]
    end: int
    closed: bool


def _fence(line: str) -> re.Match[str] | None:
    return _FENCE.match(line) if "`" in line or "~" in line else None


def fence_at(lines: Sequence[str], at: int) -> Fence | None:
    """The fence that line `at` (0-based) opens, or None."""
    opening = _fence(lines[at])
    if not opening:
        return None
    start = at + 1
    # "```" and then "```python": the same fence twice.
    if not opening.group(3).strip() and (twice := _opening(lines, start)):
        opening, start = twice
    lead, mark, info = opening.group(1), opening.group(2), opening.group(3).strip()
    ends, limit = _ends(lines, start, mark)
    named = _PATH.search(info)
    path = named.group(1) if named and len(info) < 300 else ""
    language = info.partition(" ")[0].lower()
    if not ends:
        return Fence(path, language, _outdented(lines[start:limit], lead), limit, False)
    end = ends[0]
    if len(ends) > 1 and not _parses(lines[start:end]):
        end = next((one for one in ends[1:_TRIED] if _parses(lines[start:one])), end)
    return Fence(path, language, _outdented(lines[start:end], lead), end + 1, True)


def _opening(lines: Sequence[str], at: int) -> tuple[re.Match[str], int] | None:
    """The mark with a language that comes next but for blank lines, and the line after it."""
    while at < len(lines) and is_blank(lines[at]):
        at += 1
    found = _fence(lines[at]) if at < len(lines) else None
    return (found, at + 1) if found and found.group(3).strip() else None


def _outdented(code: Sequence[str], lead: str) -> tuple[str, ...]:
    """The code without the indentation of its fence, such as in a list, where all of it has it."""
    if not is_blank(lead) or not all(line.startswith(lead) for line in code if not is_blank(line)):
        return tuple(code)
    return tuple(line.removeprefix(lead) for line in code)


def _ends(lines: Sequence[str], start: int, mark: str) -> tuple[list[int], int]:
    """The lines that may close the fence, and the line where it must have ended."""
    ends: list[int] = []
    for n in range(start, len(lines)):
        found = _fence(lines[n])
        if found and found.group(2)[0] == mark[0] and not found.group(3).strip():
            if len(found.group(2)) >= len(mark):
                ends.append(n)
            if len(ends) >= _TRIED:
                return ends, n
        elif _starts_block(lines, n):
            return ends, n
    return ends, len(lines)


def _starts_block(lines: Sequence[str], at: int) -> bool:
    head = headers.header(lines[at])
    if not head or head.kind != "file":
        return False
    after = [line for line in lines[at + 1 : at + 6] if line.strip()][:1]
    return any(headers.header(line) or _FENCE.match(line) for line in after)


def _parses(code: Sequence[str]) -> bool:
    return understand("\n".join(code)).tree is not None
