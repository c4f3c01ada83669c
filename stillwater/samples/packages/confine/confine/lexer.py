"""Lines of an INI file, told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from confine.errors import SyntaxProblem

_SECTION = re.compile(r"\[\s*([^\[\]]+?)\s*\]$")
_PAIR = re.compile(r"([^=:\s][^=:]*?)\s*[=:]\s*(.*)$")
# What may stand before a comment: quoted strings, and all else but a mark after a blank.
_CONTENT = re.compile(r'(?:"[^"]*"|(?!\s[#;])[^"])*')


@dataclass(frozen=True)
class Line:
    """A line that says something: ``key`` is None for a section heading."""

    number: int
    key: str | None
    value: str


def tokens(text: str, source: str) -> Iterator[Line]:
    """The headings and pairs of a file; an indented line continues the value above it."""
    pending: Line | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        content = strip_comment(raw)
        if not content.strip():
            continue
        if content[0].isspace() and pending is not None:
            joined = f"{pending.value}\n{content.strip()}".lstrip("\n")
            pending = Line(pending.number, pending.key, joined)
            continue
        if pending is not None:
            yield pending
            pending = None
        content = content.strip()
        heading = _SECTION.match(content)
        if heading:
            yield Line(number, None, heading[1])
            continue
        pair = _PAIR.match(content)
        if pair is None:
            raise SyntaxProblem(source, number, f"expected key = value: {content!r}")
        pending = Line(number, pair[1], unquote(pair[2]))
    if pending is not None:
        yield pending


def strip_comment(line: str) -> str:
    """The line without its comment and without blanks at its end."""
    if line.lstrip().startswith(("#", ";")):
        return ""
    match = _CONTENT.match(line)
    assert match is not None
    rest = line[match.end() :]
    # An unpaired quote is an ordinary character.
    return (line if rest.startswith('"') else match[0]).rstrip()


def unquote(value: str) -> str:
    """Without the double quotes around it, if they are there."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value
