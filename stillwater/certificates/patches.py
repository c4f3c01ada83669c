"""Which files a stranger's patch changes: only patches of the form that Stillwater writes are read.

Git, GNU patch and we could each see other files in any other, so none is run.
"""

import re
from collections.abc import Iterator

from stillwater.edits import is_protected
from stillwater.repository import touched

_HUNK = re.compile(r"@@ -[0-9]+(?:,([0-9]+))? \+[0-9]+(?:,([0-9]+))? @@")
_SAME = "\\ No newline at end of file"


class Foreign(ValueError):
    """The patch is none that Stillwater writes."""


def forbidden(patch: str, test_patch: str) -> str | None:
    """Why the patch may not be run: it isn't ours, or changes what judges it; None if it may."""
    hidden = frozenset(touched(test_patch))
    try:
        paths = list(changed(patch))
    except Foreign as error:
        return f"the patch is none that Stillwater writes: {error}"
    for path in paths:
        if path in hidden or is_protected(path):
            return f"the patch changes {path}, which is a test or configures tests"
    return None if paths else "the patch changes nothing"


def changed(patch: str) -> Iterator[str]:
    """The path of each file that the patch changes or makes.

    Raises:
        Foreign: a line that `edits.diff` would not have written there.
    """
    lines = _Lines(patch)
    while not lines.at_end():
        path = _header(lines.next())
        new = lines.take("new file mode 100644")
        if new and (lines.at_end() or lines.peek().startswith("diff --git ")):
            yield path
            continue
        spaced = "\t" if " " in path else ""
        lines.must("--- /dev/null" if new else f"--- a/{path}{spaced}")
        lines.must(f"+++ b/{path}{spaced}")
        lines.hunk()
        while not lines.at_end() and lines.peek().startswith("@@ "):
            lines.hunk()
        yield path


def _header(line: str) -> str:
    """The path in `diff --git a/PATH b/PATH`. Names that need quoting no edit may have."""
    rest = line.removeprefix("diff --git ")
    middle = len(rest) // 2
    source, target = rest[:middle], rest[middle + 1 :]
    if line == rest or f"a/{target[2:]}" != source or f"b/{source[2:]}" != target:
        raise Foreign("it has lines that belong to no file")
    if re.search(r'[\x00-\x1f\x7f"\\]', source):
        raise Foreign("it names a file with control characters")
    return source[2:]


class _Lines:
    """The lines of a patch, taken one after the other. Lines end at a newline alone."""

    def __init__(self, patch: str) -> None:
        self._lines = patch.split("\n")
        if self._lines.pop():
            raise Foreign("its last line has no end")
        self._at = 0

    def at_end(self) -> bool:
        return self._at >= len(self._lines)

    def peek(self) -> str:
        return "" if self.at_end() else self._lines[self._at]

    def next(self) -> str:
        line = self.peek()
        self._at += 1
        return line

    def take(self, line: str) -> bool:
        found = not self.at_end() and self.peek() == line
        self._at += found
        return found

    def must(self, line: str) -> None:
        if not self.take(line):
            raise Foreign(f"line {self._at + 1} is not {line!r}")

    def hunk(self) -> None:
        """Pass one hunk, which has as many lines as it says."""
        opened = _HUNK.fullmatch(self.next())
        if opened is None:
            raise Foreign(f"line {self._at} opens no hunk")
        old, new = (1 if count is None else int(count) for count in opened.groups())
        while old > 0 or new > 0:
            kind = self.next()[:1]
            if self._at > len(self._lines) or kind not in {" ", "-", "+"}:
                raise Foreign(f"line {self._at} is no line of a hunk")
            old, new = old - (kind != "+"), new - (kind != "-")
            self.take(_SAME)
        if old or new:
            raise Foreign(f"the hunk before line {self._at + 1} is longer than it says")
