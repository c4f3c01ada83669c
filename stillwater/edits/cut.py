"""Answers that end at the token limit: whether all of their code is there nevertheless."""

import re
from collections.abc import Sequence

from stillwater.edits import headers
from stillwater.edits.fences import Fence, fence_at
from stillwater.edits.forms import is_replacing
from stillwater.edits.prose import is_code

_KEYWORD = re.compile(r"[\W_]*(?:FILE|LINES?|REASON|(?:[Ff]ile|[Ll]ines?|[Rr]eason(?:ing)?)\s*:)")
_KEYWORDS = ("FILE", "LINES", "REASONING")
_NAME = re.compile(r"[\w-]+\.(?:pyi?|cfg|toml|ini)\b")


def is_complete(text: str) -> bool:
    """Whether an answer was cut off only in the words after its last code.

    Every fence is closed, prose follows the last, and nothing in it begins another block or names
    a file that the answer hasn't named before.
    """
    lines = text.split("\n")
    fences = _fences(lines)
    if not fences or not all(one.closed for one in fences):
        return False
    end = fences[-1].end
    after = [line for line in lines[end:] if line.strip()]
    if not after or any(map(_begins, after)) or is_replacing(after):
        return False
    if after[-1].rstrip("*_ ").endswith(":") or _begins_keyword(after[-1]):
        return False
    return _names(lines[end:]) <= _names(lines[:end])


def _fences(lines: Sequence[str]) -> list[Fence]:
    found: list[Fence] = []
    at = 0
    while at < len(lines):
        fence = fence_at(lines, at)
        found += [fence] if fence else []
        at = fence.end if fence else at + 1
    return found


def _names(lines: Sequence[str]) -> set[str]:
    return {name for line in lines for name in _NAME.findall(line)}


def _begins(line: str) -> bool:
    """Whether the line may be the first of another block."""
    marked = line.lstrip().startswith(("`", "~")) and not line.strip("`~ ")
    keyword = headers.header(line) or _KEYWORD.match(line)
    return bool(marked or keyword or is_code(line) or headers.only_path(line))


def _begins_keyword(line: str) -> bool:
    """Whether the last line is all that there is of a keyword."""
    word = line.strip("#*_`>- ")
    return any(one.startswith(word) for one in _KEYWORDS)
