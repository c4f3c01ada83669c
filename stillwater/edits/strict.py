"""Edits as they are stated, nothing forgiven: what the forgiving hand is compared with."""

from collections.abc import Callable, Sequence

from stillwater.edits.base import File, Splice, file_of
from stillwater.edits.code import understand
from stillwater.edits.fences import fence_at
from stillwater.edits.model import Applied, Edit, EditError, Placement, Reading
from stillwater.edits.paths import is_protected
from stillwater.edits.read import read
from stillwater.edits.source import Source
from stillwater.edits.syntax import complaint
from stillwater.edits.text import split


def read_strictly(completion: str, finish_reason: str = "stop") -> Reading:
    """The edits of an answer in just the format asked for; where anything is off, none."""
    reading = read(completion, finish_reason)
    problem = reading.problem
    if reading.repairs:
        problem = f"The answer isn't in the format: {', '.join(reading.repairs)}."
    elif any(one.first is None or one.last is None for one in reading.edits):
        problem = "The answer isn't in the format: LINES are missing."
    return Reading((), (), problem) if problem else reading


def read_diff(completion: str, finish_reason: str = "stop") -> Reading:
    """The diff of an answer that is only that, as the code of one edit without a path."""
    if finish_reason == "length":
        return Reading((), (), "The answer was cut off at the token limit.")
    lines = completion.replace("\r\n", "\n").split("\n")
    fences = (fence_at(lines, n) for n in range(len(lines)))
    fence = next((one for one in fences if one), None)
    code = fence.code if fence else lines
    start = next(
        (n for n, line in enumerate(code) if line.startswith(("diff --git", "--- "))), None
    )
    if start is None:
        return Reading((), (), "The answer holds no unified diff.")
    return Reading((Edit("", None, None, "", "\n".join(code[start:])),), (), None)


def apply_strictly(
    edits: Sequence[Edit], source: Source, *, protected: Callable[[str], bool] = is_protected
) -> Applied:
    """The code of each edit in place of the lines that it states, as it came.

    Raises:
        EditError: a path, lines or code that can't be taken as they are.
    """
    texts: dict[str, str] = {}
    placed = []
    for path in dict.fromkeys(one.path for one in edits):
        text = source.read(path)
        if text is None or protected(path):
            raise EditError(f"{path} is no file that may be changed.")
        file = file_of(path, text)
        splices = [_stated(file, one) for one in edits if one.path == path]
        texts[path] = file.spliced(splices)
        if file.is_python and (wrong := complaint(texts[path])):
            raise EditError(f"{path} would no longer compile: {wrong.message}.")
        placed += [Placement(path, one.how, one.first, one.last) for one in splices]
        if texts[path] == text:
            raise EditError(f"The edits change nothing in {path}.")
    return Applied(texts, tuple(placed), ())


def _stated(file: File, edit: Edit) -> Splice:
    count = len(file.lines)
    if edit.first is None or edit.last is None or not 0 < edit.first <= edit.last <= count:
        raise EditError(f"{file.path} has {count} lines, and not those stated.")
    lines = [line.rstrip("\r\n") for line in split(edit.code)]
    return Splice(edit.first, edit.last, tuple(lines or understand(edit.code).lines), "lines")
