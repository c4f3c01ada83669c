"""The prompt and the answer's format: one place, so that writer and readers can't drift apart.

Layout of the user message, in this order (the parts up to the failing tests are byte-identical in
all attempts of a machine, so that a server's prefix cache serves them):

    ## Issue            the problem statement
    ## Files            each `### path (N lines)` and its code in a fence; of files too large,
                        `### path (parts of its N lines)`, where each part stands under `# lines
                        a-b` and a note says what is left out
    ## Failing tests    only with feedback = "tests": ids and distilled baseline failures, then of
                        the first tests `### path, lines a-b` and their source in a fence, and
                        the functions that they call, each `- NAME in path, lines a-b`, and
                        calls of these, each `- NAME(values) returned value`
    ## Earlier attempts for each: `Attempt K: OUTCOME`, its patch, `RESULT:` and the feedback
    ## Answer           what to do now, and the format of the answer

The answer is one or more blocks:

    FILE: path
    LINES: 12-20
    REASONING: the line that is wrong, and the line that must stand there instead
    ```python
    the whole corrected definition (or the new text of those lines)
    ```

The lines of the code aren't numbered: docs/experiments.md says what numbers cost and bring.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from stillwater.models.protocol import Message

_LINE_END = re.compile(r"\r\n|\n|\r")
_DEFINED = re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
_MOST_NAMES = 12

SYSTEM = """You repair bugs in Python repositories. You read the issue, the files and the failing \
tests, find the cause, and answer with direct edits.

- Give every changed function or method whole, from its def line (and decorators) to its last \
line, with nothing left out.
- To change lines outside any function, give the new text of those lines, and name them in LINES.
- Use one block for each changed definition. Change as little as the bug needs. Never change \
tests."""

TEMPLATE = """FILE: the file's path
LINES: first-last
REASONING: {why}
```python
{what}
```
"""
"""The format of a block, with placeholders."""
WHOLE_TEMPLATE = TEMPLATE.replace("LINES: first-last\n", "")

Way = Literal["definition", "file", "explained", "anew", "diff"]
"""What an answer gives: each changed definition whole, the whole file, the definitions again but
after a longer explanation, one function written anew, or a unified diff."""

DIFF_SYSTEM = """You repair bugs in Python repositories. You are given an issue and snippets of \
the source code. Answer with a single unified diff in the format of `git diff` that resolves the \
issue, in a ```diff block, with paths relative to the repository's root, and nothing else."""
"""The instruction of the usual way, which Stillwater is compared with."""


class _Wanted(NamedTuple):
    """What a way asks for, its placeholders of the code and of the reasoning, and its format."""

    ask: str
    what: str
    why: str
    template: str = TEMPLATE


_DEFINITION = "the whole corrected function or method"
_BRIEFLY = "the line that is wrong, and the line that must stand there instead"
_WAYS: Mapping[Way, _Wanted] = {
    "definition": _Wanted("answer with its repair", _DEFINITION, _BRIEFLY),
    "file": _Wanted(
        "say in one sentence what must change, then write the WHOLE corrected file, from its first "
        "line to its last",
        "the whole corrected file",
        "what must change",
        WHOLE_TEMPLATE,
    ),
    "explained": _Wanted(
        "explain it before you answer with its repair",
        _DEFINITION,
        "which line is wrong, what it does in the failing test, and what it must do instead",
    ),
    "anew": _Wanted(
        "Say in one sentence how it must work, then write all of it anew",
        "the whole function, written anew",
        "how it must work",
    ),
    "diff": _Wanted("answer with a unified diff", "the unified diff", _BRIEFLY),
}

SUSPECTS = "The failing tests call these functions, the likeliest cause first:"
CALLS = "Calls in the failing tests:"

PLACEHOLDERS = tuple(word for way in _WAYS.values() for word in (way.what, way.why))
"""What stands in templates where the answer's own words should."""


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


class Suspected(NamedTuple):
    """A function that failing tests call; `calls` are some of them, with values."""

    path: str
    name: str
    first: int
    last: int
    calls: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} in {self.path}, lines {self.first}-{self.last}"


@dataclass(frozen=True)
class Tried:
    """An earlier attempt as the next prompt tells it: its patch ("" if none), what came of it."""

    attempt: int
    outcome: str
    patch: str
    result: str


def file_section(file: ShownFile) -> str:
    """One file, as the Files section has it."""
    return "\n".join([*section_lines(file), ""])


def section_lines(file: ShownFile) -> list[str]:
    """The lines of one file's section."""
    texts = lines_of(file.content)
    fence = "```python" if file.path.endswith((".py", ".pyi")) else "```"
    if file.lines is None:
        return [f"### {file.path} ({len(texts)} lines)", fence, *texts, "```"]
    head = f"### {file.path} (parts of its {len(texts)} lines)"
    return [head, fence, *_parts(texts, file.lines), "```"]


def _parts(texts: Sequence[str], shown: Sequence[Lines]) -> Iterator[str]:
    """The lines shown, under their numbers, and of those between them what they define."""
    at = 1
    for part in shown:
        yield from filter(None, [left_out(texts, at, part.first - 1)])
        yield f"# lines {part.first}-{part.last}"
        yield from texts[part.first - 1 : part.last]
        at = part.last + 1
    yield from filter(None, [left_out(texts, at, len(texts))])


def left_out(texts: Sequence[str], first: int, last: int) -> str:
    """The note of lines that aren't shown, with the first names that they define; "" if blank."""
    between = texts[first - 1 : last]
    if not any(text.strip() for text in between):
        return ""
    names = [found[1] for text in between if (found := _DEFINED.match(text))]
    told = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"# lines {first}-{last} are not shown{': ' if told else ''}{told}{more}"


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
    suspects: Sequence[Suspected] = (),
    focus: Suspected | None = None,
    skills: Sequence[str] = (),
    begins: str = "",
) -> tuple[Message, ...]:
    """The messages of one attempt. `failing` is "" where the model may not see failing tests.

    `way` is how much of the code the answer is to give; `focus` is where it is told to look first;
    `begins` is how the function begins that it is to write anew, with the way of that name;
    `skills` are texts that join the instruction. All that differs between two attempts comes at the
    end.
    """
    parts = ["## Issue\n\n" + problem.strip() + "\n", "## Files\n"]
    parts += [file_section(file) for file in files]
    if failing:
        parts.append("## Failing tests\n\n" + failing.strip() + "\n")
    if failing and suspects:
        parts.append("\n".join([SUSPECTS, *(f"- {one}" for one in suspects), ""]))
        if calls := _calls(suspects):
            parts.append("\n".join([CALLS, *(f"- {call}" for call in calls), ""]))
    if tried:
        parts.append(
            "## Earlier attempts\n\nEach started from the files above; none repaired it.\n"
        )
        parts += [_told(one) for one in tried]
    ask = (
        _ask_anew(focus, begins)
        if focus and begins
        else _ask(any(one.patch for one in tried), way, focus)
    )
    parts.append("## Answer\n\n" + ask)
    return (
        Message(role="system", content=_instruction(SYSTEM, skills)),
        Message(role="user", content="\n".join(parts)),
    )


def _calls(suspects: Sequence[Suspected]) -> list[str]:
    """Of the likeliest cause all calls that are known, of the others one each."""
    first, *others = suspects
    calls = [*first.calls, *(call for one in others for call in one.calls[:1])]
    return list(dict.fromkeys(calls))


def _instruction(text: str, skills: Sequence[str]) -> str:
    return "\n\n".join([text, *skills])


def build_usual(
    problem: str, snippets: Sequence[ShownFile], failing: str, skills: Sequence[str] = ()
) -> tuple[Message, ...]:
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
        Message(role="system", content=_instruction(DIFF_SYSTEM, skills)),
        Message(role="user", content="\n".join(parts)),
    )


def _told(one: Tried) -> str:
    patch = f"```diff\n{one.patch.strip()}\n```\n" if one.patch else ""
    return f"Attempt {one.attempt}: {one.outcome}\n{patch}RESULT: {one.result.strip()}\n"


def _ask_anew(function: Suspected, begins: str) -> str:
    wanted = _WAYS["anew"]
    template = wanted.template.format(what=wanted.what, why=wanted.why)
    template = template.replace("the file's path", function.path)
    template = template.replace("first-last", f"{function.first}-{function.last}")
    return (
        f"{function.name} of {function.path} was wrong, so its body is left out above. "
        f"{wanted.ask}. It begins:\n\n```python\n{begins}\n```\n\n"
        f"Answer in this format:\n\n{template}"
    )


def _ask(was_tested: bool, way: Way, focus: Suspected | None) -> str:
    wanted = _WAYS[way]
    lead = "Those attempts were wrong. Look for another cause" if was_tested else "Find the bug"
    if focus:
        lead += f", first in {focus.name} of {focus.path}"
    template = wanted.template.format(what=wanted.what, why=wanted.why)
    return f"{lead}, and {wanted.ask}, in this format:\n\n{template}"
