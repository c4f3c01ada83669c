"""Of a file too large for the prompt: the passages that matter most, whole."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from stillwater.context.facts import Passage
from stillwater.estimate import tokens
from stillwater.prompt import Lines, ShownFile, left_out, lines_of, section_lines

FRAME = 30
"""About the tokens of a part's line of numbers and of the note of what is left out before it."""


class Measured:
    """A file and about how many tokens its parts take in the prompt."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self._lines = lines_of(text)
        self._sums = [0, *accumulate(tokens(line + "\n") for line in self._lines)]
        heading, fence, *_, end = section_lines(ShownFile(path, text, ()))
        self._around = sum(tokens(f"{line}\n") for line in (heading, fence, end, ""))
        self._notes: dict[Lines, int] = {}

    @property
    def whole(self) -> int:
        """The tokens of the whole file."""
        return self._sums[-1] + self._around

    @property
    def all(self) -> tuple[ShownFile, int]:
        """The whole file and its tokens."""
        return ShownFile(self.path, self.text), self.whole

    def of(self, first: int, last: int) -> int:
        """The tokens of these lines."""
        return self._sums[min(last, len(self._sums) - 1)] - self._sums[first - 1]

    def excerpt(self, shown: Sequence[Passage]) -> tuple[ShownFile, int]:
        """Just these passages, with the lines that open what is around them; and their tokens."""
        lines = [Lines(one.first, one.last) for one in shown]
        lines += [Lines(at, at) for one in shown for at in one.opened]
        joined = _joined(lines)
        size, at = self._around, 1
        for part in joined:
            size += self._note(Lines(at, part.first - 1)) + self.of(*part)
            size += tokens(f"# lines {part.first}-{part.last}\n")
            at = part.last + 1
        size += self._note(Lines(at, len(self._lines)))
        return ShownFile(self.path, self.text, tuple(joined)), size

    def _note(self, lines: Lines) -> int:
        """The tokens of the note that these lines are left out."""
        if lines not in self._notes:
            note = left_out(self._lines, *lines)
            self._notes[lines] = tokens(note + "\n") if note else 0
        return self._notes[lines]


def holds(shown: Sequence[Passage], one: Passage) -> bool:
    """Whether a passage is among, or inside, those shown."""
    return any(other.first <= one.first and one.last <= other.last for other in shown)


def _joined(lines: Iterable[Lines]) -> list[Lines]:
    found: list[Lines] = []
    for part in sorted(lines):
        if found and part.first <= found[-1].last + 1:
            found[-1] = Lines(found[-1].first, max(found[-1].last, part.last))
        else:
            found.append(part)
    return found
