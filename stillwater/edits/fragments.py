"""Parts of the fix that an answer also shows alone, beside the whole definition."""

from collections.abc import Iterator, Sequence

from stillwater.edits.code import understand
from stillwater.edits.syntax import Defining, defines, first_line, last_line


def is_part(code: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the code defines nothing and stands, line after line, in a definition of the whole.

    Indentation and blank lines don't count.
    """
    part = _bare(code)
    if not part or defines(code):
        return False
    return any(_holds(lines, part) for lines in _definitions(whole))


def _definitions(code: Sequence[str]) -> Iterator[list[str]]:
    understood = understand("\n".join(code))
    for node in understood.tree.body if understood.tree else ():
        if isinstance(node, Defining):
            yield _bare(understood.lines[first_line(node) - 1 : last_line(node)])


def _bare(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _holds(lines: Sequence[str], part: Sequence[str]) -> bool:
    size = len(part)
    return any(lines[at : at + size] == part for at in range(len(lines) - size + 1))
