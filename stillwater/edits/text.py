"""Lines and indentation. Lines are counted as Python counts them, not as str.splitlines does."""

import re
from collections import Counter
from collections.abc import Sequence

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def split(text: str) -> list[str]:
    """The lines with their ends."""
    return _LINE.findall(text)


def bare(line: str) -> str:
    """The line without its end."""
    return line.rstrip("\r\n")


def newline(lines: Sequence[str]) -> str:
    """The end that most lines have."""
    ends = Counter(line[len(bare(line)) :] for line in lines)
    ends.pop("", None)
    return ends.most_common(1)[0][0] if ends else "\n"


def indent(line: str) -> str:
    """The white space that the line starts with."""
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def is_blank(line: str) -> bool:
    """Whether the line holds nothing but white space."""
    return not line.strip()


def is_comment(line: str) -> bool:
    """Whether the line holds only a comment."""
    return line.lstrip().startswith("#")


def above_comments(lines: Sequence[str], line: int) -> int:
    """The first (1-based) of the comment lines directly above a line, or the line itself."""
    while line > 1 and is_comment(lines[line - 2]):
        line -= 1
    return line


def trimmed(lines: Sequence[str]) -> list[str]:
    """The lines without blank ones at either end."""
    first, last = 0, len(lines)
    while first < last and is_blank(lines[first]):
        first += 1
    while last > first and is_blank(lines[last - 1]):
        last -= 1
    return list(lines[first:last])


def resemblance(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of lines, 0 to 1, that both have, white space apart."""
    left = Counter(line.strip() for line in one if not is_blank(line))
    right = Counter(line.strip() for line in other if not is_blank(line))
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def shifted(line: str, take: str, give: str) -> str:
    """The line with the indentation `take` (as much of it as there is) replaced by `give`."""
    if is_blank(line):
        return ""
    kept = 0
    while kept < len(take) and line[kept : kept + 1] == take[kept]:
        kept += 1
    return give + line[kept:]
