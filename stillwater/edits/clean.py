"""What models add to code that isn't code: line numbers, the template's own words, diff marks."""

import re
from collections.abc import Sequence
from itertools import pairwise

from stillwater.prompt import PLACEHOLDERS, TEMPLATE

_PIPED = re.compile(r"^\s*(\d{1,6})( ?)[|│](.*)$", re.DOTALL)
_OTHER = re.compile(r"^\s*(\d{1,6})(?::|\t|\s{2,}|$)(.*)$", re.DOTALL)
_TAIL = re.compile(r"^(?:END OF FILE|<\|?(?:im_end|eot_id|endoftext|end)\|?>|</?s>)\s*$")
_HEADING = re.compile(r"# lines \d{1,7}-\d{1,7}(?: are not shown.*)?\s*")
_OFTEN_SAID = (
    "the whole corrected definition",
    "the whole corrected function, method or class",
    "the whole corrected definition (or the new text of those lines)",
    "one short sentence that names the cause",
)


def _plain(text: str) -> str:
    return text.strip().strip("#<>[](){}.\"'`* ").casefold()


_PLACEHOLDERS = {_plain(line.partition(": ")[2] or line) for line in TEMPLATE.splitlines()}
_PLACEHOLDERS |= {*map(_plain, PLACEHOLDERS), *map(_plain, _OFTEN_SAID)}
_PLACEHOLDERS -= {"", "python", "what", "why"}


def is_placeholder(text: str) -> bool:
    """Whether the text is the template's own."""
    return _plain(text) in _PLACEHOLDERS


def without_placeholders(lines: Sequence[str]) -> list[str]:
    """The lines but for those that echo the template or the headings of a file's parts."""
    return [
        line
        for line in lines
        if not (is_placeholder(line) or _TAIL.match(line) or _HEADING.fullmatch(line))
    ]


def without_numbers(lines: Sequence[str]) -> tuple[list[str], tuple[int, int] | None]:
    """The lines without copied line numbers, and the first and last number, if there were any."""
    real = [line for line in lines if line.strip()]
    for pattern, share in ((_PIPED, 0.5), (_OTHER, 1.0)):
        found = [pattern.match(line) for line in real]
        numbers = [int(one.group(1)) for one in found if one]
        if not numbers or len(numbers) < share * len(real) or not _rises(numbers, share == 1.0):
            continue
        if pattern is _OTHER:
            if len(numbers) < 2:
                continue
            return _cut_others(lines), (numbers[0], numbers[-1])
        spaced = all(one.group(2) and one.group(3)[:1] in {" ", ""} for one in found if one)
        return [_cut(line, spaced) for line in lines], (numbers[0], numbers[-1])
    return list(lines), None


def _rises(numbers: Sequence[int], strictly: bool) -> bool:
    pairs = list(pairwise(numbers))
    if strictly:
        return all(after == before + 1 for before, after in pairs)
    return all(after >= before for before, after in pairs)


def _cut(line: str, spaced: bool) -> str:
    found = _PIPED.match(line)
    if not found:
        return line
    text = found.group(3)
    return text[1:] if spaced and text.startswith(" ") else text


def _cut_others(lines: Sequence[str]) -> list[str]:
    cut = [re.sub(r"^\s*\d+[:\t]?", "", line, count=1) for line in lines]
    gap = min((len(one) - len(one.lstrip(" ")) for one in cut if one.strip()), default=0)
    return [one[gap:] for one in cut]
