"""The prompt, read back from its text: the issue, the files, the failing tests, what was tried."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stillwater.prompt import SUSPECTS, ShownFile, Suspected

_FILE = re.compile(r"### (?P<path>\S.*?) \((?P<parts>parts of its )?(?P<count>\d{1,7}) lines\)")
_FENCES = ("```python", "```")
_PART = re.compile(r"# lines (\d{1,7})-(\d{1,7})")
_NOT_SHOWN = re.compile(r"# lines \d{1,7}-\d{1,7} are not shown.*", re.DOTALL)
_ATTEMPT = re.compile(r"Attempt \d+: (.*)")
_HUNK = re.compile(r"@@ -(\d{1,7})(?:,\d+)? \+\d+(?:,\d+)? @@")
_SUSPECT = re.compile(
    r"^- (?P<name>\S+) in (?P<path>.+), lines (?P<first>\d{1,7})-(?P<last>\d{1,7})$", re.MULTILINE
)
_LATER = ("## Failing tests", "## Earlier attempts", "## Answer")


@dataclass(frozen=True)
class Change:
    """What a patch did to one file: the lines it took and gave, and where it touched the base."""

    path: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True)
class Attempt:
    """An earlier attempt: its outcome, its changes, and the feedback it got."""

    outcome: str
    changes: tuple[Change, ...]
    result: str


@dataclass(frozen=True)
class Prompt:
    """All that the prompt tells."""

    issue: str
    files: tuple[ShownFile, ...]
    failing: str
    attempts: tuple[Attempt, ...]
    suspects: tuple[Suspected, ...] = ()


def read(messages: Iterable[Mapping[str, object]]) -> Prompt:
    """The parts of the prompt in these messages; what isn't there is empty. Never raises."""
    lines = "\n".join(_texts(messages)).split("\n")
    first, files, end = _files(lines)
    issue = "\n".join(lines[:first])
    failing, attempts = _after_files(lines[end:])
    failing, _, listed = failing.rpartition(SUSPECTS) if SUSPECTS in failing else (failing, "", "")
    suspects = tuple(_suspects(listed))
    return Prompt(
        issue.removeprefix("## Issue").strip(), files, failing.strip(), attempts, suspects
    )


def _suspects(listed: str) -> Iterable[Suspected]:
    for found in _SUSPECT.finditer(listed):
        yield Suspected(found["path"], found["name"], int(found["first"]), int(found["last"]))


def _texts(messages: Iterable[Mapping[str, object]]) -> Iterable[str]:
    for message in messages:
        if message.get("role") == "system":
            continue
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    yield part["text"]


def _files(lines: Sequence[str]) -> tuple[int, tuple[ShownFile, ...], int]:
    """The Files section: its first line, the files, the line after it.

    An issue or a log may quote such a section, so it counts only when every file has the lines it
    promises and a heading follows that a prompt has there.
    """
    fallback: tuple[int, tuple[ShownFile, ...], int] | None = None
    for start, line in enumerate(lines):
        if line != "## Files":
            continue
        files, end = _run_of_files(lines, start + 1)
        found = (start, tuple({file.path: file for file in files}.values()), end)
        if files and end < len(lines) and lines[end] in _LATER:
            return found
        if files and fallback is None:
            fallback = found
    return fallback or (len(lines), (), len(lines))


def _run_of_files(lines: Sequence[str], at: int) -> tuple[list[ShownFile], int]:
    files: list[ShownFile] = []
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        one = _one_file(lines, at)
        if one is None:
            break
        file, at = one
        files.append(file)
    return files, at


def _one_file(lines: Sequence[str], at: int) -> tuple[ShownFile, int] | None:
    head = _FILE.fullmatch(lines[at])
    if head is None or at + 1 >= len(lines) or lines[at + 1] not in _FENCES:
        return None
    count = int(head["count"])
    if head["parts"]:
        return _parts_of_one(lines, at + 2, head["path"], count)
    end = at + 2 + count
    if end >= len(lines) or lines[end] != "```":
        return None
    code = lines[at + 2 : end]
    return ShownFile(head["path"], "".join(line + "\n" for line in code)), end + 1


def _parts_of_one(
    lines: Sequence[str], at: int, path: str, count: int
) -> tuple[ShownFile, int] | None:
    """A file shown in part: its lines where they stand, blank ones for those left out."""
    code: list[str] = []
    while at < len(lines) and lines[at] != "```":
        if part := _PART.fullmatch(lines[at]):
            first, last = int(part[1]), int(part[2])
            if not len(code) < first <= last <= count or at + last - first + 1 >= len(lines):
                return None
            code += [""] * (first - len(code) - 1)
            code += lines[at + 1 : at + 2 + last - first]
            at += last - first + 1
        elif not _NOT_SHOWN.fullmatch(lines[at]):
            return None
        at += 1
    if not code or at >= len(lines):
        return None
    return ShownFile(path, "".join(line + "\n" for line in code)), at + 1


def _after_files(lines: Sequence[str]) -> tuple[str, tuple[Attempt, ...]]:
    marks = {heading: _last(lines, heading) for heading in _LATER}
    end = marks["## Answer"] if marks["## Answer"] is not None else len(lines)
    earlier = lines.index("## Earlier attempts") if "## Earlier attempts" in lines else None
    if earlier is not None and earlier > end:
        earlier = None
    failing: Sequence[str] = ()
    if lines and lines[0] == "## Failing tests":
        failing = lines[1 : end if earlier is None else earlier]
    tried = lines[earlier + 1 : end] if earlier is not None else ()
    return "\n".join(failing).strip(), tuple(_attempts(tried))


def _last(lines: Sequence[str], wanted: str) -> int | None:
    return next((n for n in range(len(lines) - 1, -1, -1) if lines[n] == wanted), None)


def _attempts(lines: Sequence[str]) -> Iterable[Attempt]:
    starts = [n for n, line in enumerate(lines) if _ATTEMPT.fullmatch(line)]
    for start, end in pairwise([*starts, len(lines)]):
        body = lines[start + 1 : end]
        patch: Sequence[str] = ()
        if body and body[0] == "```diff":
            stop = body.index("```") if "```" in body else len(body)
            patch, body = body[1:stop], body[stop + 1 :]
        outcome = lines[start].partition(": ")[2]
        result = "\n".join(body).strip().removeprefix("RESULT:").strip()
        yield Attempt(outcome, tuple(changes_of(patch)), result)


def changes_of(patch: Sequence[str]) -> Iterable[Change]:
    """The changes of a unified diff, one for each file and hunk."""
    path = ""
    at = 0
    while at < len(patch):
        line = patch[at]
        if line.startswith("+++ "):
            path = line[4:].split("\t")[0].strip().removeprefix("b/")
        hunk = _HUNK.match(line)
        at += 1
        if hunk is None:
            continue
        end = at
        while end < len(patch) and not patch[end].startswith(("@@ ", "diff --git ", "--- a/")):
            end += 1
        change = _hunk(path, int(hunk[1]), patch[at:end])
        if change is not None:
            yield change
        at = end


def _hunk(path: str, number: int, body: Sequence[str]) -> Change | None:
    touched: list[int] = []
    old: list[str] = []
    new: list[str] = []
    for line in body:
        if line.startswith("+"):
            new.append(line[1:])
            touched.append(number)
        elif line.startswith("-"):
            old.append(line[1:])
            touched.append(number)
            number += 1
        elif not line.startswith("\\"):
            number += 1
    if not touched:
        return None
    return Change(path, *difference(old, new), min(touched), max(touched))


def difference(old: Iterable[str], new: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that went and the lines that came, in an order that no diff algorithm decides."""
    before, after = Counter(old), Counter(new)
    return (
        tuple(sorted((before - after).elements())),
        tuple(sorted((after - before).elements())),
    )
