"""Where tests were when they didn't go on: a loop without end leaves no failure to read.

pytest's faulthandler says it, of every test that takes longer than `SECONDS`; the test goes on.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stillwater.edits.paths import is_test

SECONDS = 5
PYTEST_OPTION = f"-o faulthandler_timeout={SECONDS}"
"""What has pytest (5.0 or newer) tell it."""

_DUMP = re.compile(r"Timeout \(\d+:\d\d:\d\d(?:\.\d+)?\)!\n")
_THREAD = re.compile(r"^(?:Current t|T)hread 0x\w+.*\(most recent call first\):$")
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+) in (.+)$')
_MOST_FRAMES = 4


class Frame(NamedTuple):
    """A call under way: the file within the repository, the line, the function."""

    path: str
    line: int
    function: str


def stuck(log: str, root: str = "/testbed") -> tuple[Frame, ...]:
    """The calls that led the last slow test out of the test files, the outermost first.

    Nothing where the log tells of none. What is called from there differs from run to run, as a
    loop is wherever it is just then. `root` is where the repository was.
    """
    dumps = _DUMP.split(log)[1:]
    if not dumps:
        return ()
    threads = [list(_own(frames, root)) for frames in _threads(dumps[-1])]
    frames = tuple(reversed(max(threads, key=len, default=[])))
    inside = [n for n, frame in enumerate(frames) if not is_test(frame.path)]
    return frames[: inside[0] + 1 if inside else 1]


def told(frames: Sequence[Frame]) -> str:
    """The same for a model."""
    *outer, last = frames
    lines = [f"The test doesn't end: it loops or waits within `{last.function}` of {last.path}."]
    if outer:
        lines.append("It was called from:")
        lines += [f"{path}:{line}: in {name}" for path, line, name in outer[-_MOST_FRAMES:]]
    return "\n".join(lines)


def _threads(dump: str) -> Iterator[list[Frame]]:
    frames: list[Frame] = []
    for line in dump.split("\n"):
        if _THREAD.match(line):
            yield frames
            frames = []
        elif found := _FRAME.match(line):
            frames.append(Frame(found[1], int(found[2]), found[3]))
        elif line.strip():
            break
    yield frames


def _own(frames: Sequence[Frame], root: str) -> Iterator[Frame]:
    inside = root.rstrip("/") + "/"
    for frame in frames:
        path = frame.path.removeprefix(inside)
        if path != frame.path and not re.search(r"(?:^|/)(?:site-packages|\.venv)/", path):
            yield frame._replace(path=path)
