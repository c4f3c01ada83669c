"""Fences: where code in an answer begins and ends, when some of the marks are missing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.edits import headers
from stillwater.edits.code import understand
from stillwater.edits.prose import is_prose
from stillwater.edits.text import is_blank

_FENCE = re.compile(r"^([\s>]*)(`{3,}|~{3,})[ \t]*([^`~]*)$")
_PATH = re.compile(r"(?:^|[\s:={\"'])([\w@+./\\-]*[\w-]\.\w{1,5})\b")
_TRIED = 6


@dataclass(frozen=True)
class Fence:
    """Fenced code; `end` is the index of the line after it, `path` the file its info names.

    `language` is the first word of the info, as it is; `said` are the lines of the answer's format
    that stand in the fence, before its code.
    """

    path: str
    language: str
    code: tuple[str, ...]
    end: int
    closed: bool
    said: tuple[str, ...] = ()


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
    begins = _after_format(lines, start)
    ends, limit = _ends(lines, begins, mark)
    if begins > start and not ends:
        begins = limit = start
    named = _PATH.search(info)
    path = named.group(1) if named and len(info) < 300 else ""
    language = info.partition(" ")[0].lower()
    if not ends:
        return Fence(path, language, _outdented(lines[begins:limit], lead), limit, False)
    end = ends[0]
    if len(ends) > 1 and not _parses(lines[begins:end]):
        end = next((one for one in ends[1:_TRIED] if _parses(lines[begins:one])), end)
    code, said = _outdented(lines[begins:end], lead), tuple(lines[start:begins])
    return Fence(path, language, code, end + 1, True, said)


def _opening(lines: Sequence[str], at: int) -> tuple[re.Match[str], int] | None:
    """The mark with a language that comes next but for blank lines, and the line after it."""
    while at < len(lines) and is_blank(lines[at]):
        at += 1
    found = _fence(lines[at]) if at < len(lines) else None
    return (found, at + 1) if found and found.group(3).strip() else None


def _after_format(lines: Sequence[str], start: int) -> int:
    """Where the code begins in a fence that holds the format too; `start` where it doesn't."""
    first = next((n for n in range(start, len(lines)) if not is_blank(lines[n])), start)
    if first == len(lines) or not _starts_format(lines, first):
        return start
    at, why = first + 1, False
    while at < len(lines) and not _fence(lines[at]):
        head = headers.header(lines[at])
        if head and head.kind == "file":
            break
        if not (head or is_blank(lines[at]) or (why and _goes_on(lines[at]))):
            break
        why = why or (head is not None and head.kind == "reasoning")
        at += 1
    return at if at == len(lines) or _is_none_or_ends(lines, at) else start


def _starts_format(lines: Sequence[str], at: int) -> bool:
    head = headers.header(lines[at])
    return bool(head and head.kind == "file" and head.plain) or _starts_block(lines, at)


def _goes_on(line: str) -> bool:
    """Whether the line is a further one of a reasoning."""
    words = line[0].isalpha() or line[0] in "`*"
    return words and is_prose(line) and not _parses([line])


def _is_none_or_ends(lines: Sequence[str], at: int) -> bool:
    """Whether the line is no mark, or surely one that closes: the next that opens says so."""
    mark = _fence(lines[at])
    after = (found for line in lines[at + 1 :] if (found := _fence(line)))
    following = next(after, None) if mark and not mark.group(3).strip() else None
    return mark is None or bool(following and following.group(3).strip())


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
