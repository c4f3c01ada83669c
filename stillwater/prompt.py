"""The prompt and the answer's format: one place, so that writer and readers can't drift apart.

Layout of the user message, in this order (the parts up to the failing tests are byte-identical in
all attempts of a machine, so that a server's prefix cache serves them):

    ## Issue            the problem statement
    ## Files            each `FILE: path (N lines)`, its numbered lines (`  12|code`), END OF FILE;
                        of files too large, `(parts of its N lines)` and notes of what is left out
    ## Failing tests    only with feedback = "tests": ids and distilled baseline failures
    ## Earlier attempts for each: `Attempt K: OUTCOME`, its patch, `RESULT:` and the feedback
    ## Answer           what to do now

The answer is one or more blocks:

    FILE: path
    LINES: 12-20
    REASONING: a sentence
    ```python
    the whole corrected definition (or the new text of those lines)
    ```
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from stillwater.models.protocol import Message

_LINE_END = re.compile(r"\r\n|\n|\r")
_DEFINED = re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
_MOST_NAMES = 12

SYSTEM = """You repair bugs in Python repositories. You read the issue and the files, find the \
cause, and answer with direct edits.

Answer with one or more blocks in exactly this format and nothing else:

FILE: path/of/the/file.py
LINES: first-last
REASONING: one short sentence that names the cause
```python
the whole corrected function, method or class
```

Rules:
- Give every changed function or method WHOLE, from def line (and decorators) to last line, \
without line numbers, without "..." and without leaving anything out.
- LINES names the lines that the code replaces, as numbered in the file shown.
- To change lines outside any function, give just the new text of those LINES.
- One block for each changed definition. Change as little as the bug needs.
- Never change tests."""


Way = Literal["definition", "file", "diff"]
"""What an answer gives: each changed definition whole, the whole file, or a unified diff."""

DIFF_SYSTEM = """You repair bugs in Python repositories. You are given an issue and snippets of \
the source code. Answer with a single unified diff in the format of `git diff` that resolves the \
issue, in a ```diff block, with paths relative to the repository's root, and nothing else."""
"""The instruction of the usual way, which Stillwater is compared with."""


class Lines(NamedTuple):
    """A run of lines, counted from 1, both ends included."""

    first: int
    last: int


@dataclass(frozen=True)
class ShownFile:
    """A file as the prompt shows it: whole, or these `lines` of it and a note of all others."""

    path: str
    content: str
    lines: tuple[Lines, ...] | None = None


@dataclass(frozen=True)
class Tried:
    """An earlier attempt as the next prompt tells it: its patch ("" if none), what came of it."""

    attempt: int
    outcome: str
    patch: str
    result: str


def numbered(content: str) -> str:
    """The text with its line numbers, as FILE sections show it."""
    return "\n".join(f"{n:>4}|{line}" for n, line in enumerate(lines_of(content), 1))


def file_section(file: ShownFile) -> str:
    """One FILE section."""
    count = len(lines_of(file.content))
    if file.lines is None:
        return f"FILE: {file.path} ({count} lines)\n{numbered(file.content)}\nEND OF FILE\n"
    head = f"FILE: {file.path} (parts of its {count} lines)"
    return "\n".join([head, *_parts(file, file.lines), "END OF FILE\n"])


def _parts(file: ShownFile, shown: Sequence[Lines]) -> Iterator[str]:
    """The lines shown, numbered, and of those between them what they define."""
    texts = lines_of(file.content)
    at = 1
    for part in shown:
        yield from _left_out(texts, at, part.first - 1)
        yield from (f"{n:>4}|{texts[n - 1]}" for n in range(part.first, part.last + 1))
        at = part.last + 1
    yield from _left_out(texts, at, len(texts))


def _left_out(texts: Sequence[str], first: int, last: int) -> Iterator[str]:
    """A note of the lines that aren't shown, with the first names that they define."""
    between = texts[first - 1 : last]
    if not any(text.strip() for text in between):
        return
    names = [found[1] for text in between if (found := _DEFINED.match(text))]
    told = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    yield f"    # lines {first}-{last} are not shown{': ' if told else ''}{told}{more}"


def lines_of(content: str) -> list[str]:
    """The lines of a text without their ends, counted as Python and pytest count them."""
    # str.splitlines would also break at form feeds and the like.
    lines = _LINE_END.split(content)
    return lines[:-1] if lines[-1] == "" else lines


def build(
    problem: str,
    files: Sequence[ShownFile],
    failing: str,
    tried: Sequence[Tried],
    way: Way = "definition",
) -> tuple[Message, ...]:
    """The messages of one attempt. `failing` is "" where the model may not see failing tests.

    `way` is how much of the code the answer is to give. All that differs between two attempts
    comes at the end.
    """
    parts = ["## Issue\n\n" + problem.strip() + "\n", "## Files\n"]
    parts += [file_section(file) for file in files]
    if failing:
        parts.append("## Failing tests\n\n" + failing.strip() + "\n")
    if tried:
        parts.append(
            "## Earlier attempts\n\nEach started from the files above; none repaired it.\n"
        )
        parts += [_told(one) for one in tried]
    parts.append("## Answer\n\n" + _ask(bool(tried), way))
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content="\n".join(parts)),
    )


def build_usual(problem: str, snippets: Sequence[ShownFile], failing: str) -> tuple[Message, ...]:
    """The messages of the usual way: snippets, and the wish for a unified diff."""
    parts = ["## Issue\n\n" + problem.strip() + "\n", "## Snippets\n"]
    for file in snippets:
        texts = lines_of(file.content)
        for part in file.lines or (Lines(1, len(texts)),):
            code = "\n".join(texts[part.first - 1 : part.last])
            parts.append(f"{file.path}, lines {part.first}-{part.last}:\n```python\n{code}\n```\n")
    if failing:
        parts.append("## Failing tests\n\n" + failing.strip() + "\n")
    parts.append("## Answer\n\nAnswer with the unified diff.\n")
    return (
        Message(role="system", content=DIFF_SYSTEM),
        Message(role="user", content="\n".join(parts)),
    )


def _told(one: Tried) -> str:
    patch = f"```diff\n{one.patch.strip()}\n```\n" if one.patch else ""
    return f"Attempt {one.attempt}: {one.outcome}\n{patch}RESULT: {one.result.strip()}\n"


def _ask(again: bool, way: Way) -> str:
    wanted = {
        "definition": "FILE, LINES, REASONING, and the whole corrected definition",
        "file": "FILE, LINES (from 1 to the file's last), REASONING, and the WHOLE corrected file, "
        "from its first line to its last, with nothing left out",
        "diff": "a unified diff of the files above, in a ```diff block",
    }[way]
    if again:
        return (
            "Those attempts were wrong. Think about a different cause, and answer with a different "
            f"edit: {wanted}.\n"
        )
    return f"Repair the bug. Answer with {wanted}.\n"
