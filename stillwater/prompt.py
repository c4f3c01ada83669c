"""The prompt and the answer's format: one place, so that writer and readers can't drift apart.

Layout of the user message, in this order (the parts up to the failing tests are byte-identical in
all attempts of a machine, so that a server's prefix cache serves them):

    ## Issue            the problem statement
    ## Files            each `FILE: path (N lines)`, its numbered lines (`  12|code`), `END OF FILE`
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
from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.models.protocol import Message

_LINE_END = re.compile(r"\r\n|\n|\r")

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


@dataclass(frozen=True)
class ShownFile:
    """A file as the prompt shows it, whole."""

    path: str
    content: str


@dataclass(frozen=True)
class Tried:
    """An earlier attempt as the next prompt tells it: its patch ("" if none), what came of it."""

    attempt: int
    outcome: str
    patch: str
    result: str


def numbered(content: str) -> str:
    """The text with its line numbers, as FILE sections show it."""
    return "\n".join(f"{n:>4}|{line}" for n, line in enumerate(_lines(content), 1))


def file_section(file: ShownFile) -> str:
    """One FILE section."""
    count = len(_lines(file.content))
    return f"FILE: {file.path} ({count} lines)\n{numbered(file.content)}\nEND OF FILE\n"


def _lines(content: str) -> list[str]:
    # As Python and pytest count them: str.splitlines also breaks at form feeds and the like.
    lines = _LINE_END.split(content)
    return lines[:-1] if lines[-1] == "" else lines


def build(
    problem: str, files: Sequence[ShownFile], failing: str, tried: Sequence[Tried]
) -> tuple[Message, ...]:
    """The messages of one attempt. `failing` is "" where the model may not see failing tests."""
    parts = ["## Issue\n\n" + problem.strip() + "\n", "## Files\n"]
    parts += [file_section(file) for file in files]
    if failing:
        parts.append("## Failing tests\n\n" + failing.strip() + "\n")
    if tried:
        parts.append(
            "## Earlier attempts\n\nEach started from the files above; none repaired it.\n"
        )
        parts += [_told(one) for one in tried]
    parts.append("## Answer\n\n" + _ask(bool(tried)))
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content="\n".join(parts)),
    )


def _told(one: Tried) -> str:
    patch = f"```diff\n{one.patch.strip()}\n```\n" if one.patch else ""
    return f"Attempt {one.attempt}: {one.outcome}\n{patch}RESULT: {one.result.strip()}\n"


def _ask(again: bool) -> str:
    if again:
        return (
            "Those attempts were wrong. Think about a different cause, and answer with a different "
            "edit: FILE, LINES, REASONING, and the whole corrected definition.\n"
        )
    return (
        "Repair the bug. Answer with FILE, LINES, REASONING, and the whole corrected definition.\n"
    )
