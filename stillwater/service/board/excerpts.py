"""Artifacts as HTML: always text, cut where they are long, diffs and tracebacks with colours."""

import json
import re
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers.diff import DiffLexer

from stillwater.telling.text import one_line, printable

LONGEST = 20_000
"""Bytes of an artifact that a page shows; a link leads to the whole."""
LONGEST_LOG = 8_000
_FAILURE = re.compile(
    rb"^(?:\x1b\[[0-9;]*m)*(?:=+ (?:FAILURES|ERRORS) =+|Traceback \(most recent call last\):"
    rb"|(?:FAIL|ERROR): )",
    re.MULTILINE,
)
_TITLE = re.compile(r"_{3,} .+ _{3,}$|={3,} .+ ={3,}$|(?:FAIL|ERROR|FAILED):? ")
_ERROR = re.compile(r"E\s|[\w.]+(?:Error|Exception)\b.*:|>\s")


@dataclass(frozen=True)
class Excerpt:
    """What a page shows of an artifact, and where the whole is."""

    label: str
    html: Markup
    sha256: str
    size: int
    part: str
    """What part of it that is; "" if it is the whole."""


def plain(label: str, sha256: str, content: bytes) -> Excerpt:
    """Its beginning."""
    cut, part = _beginning(content)
    return Excerpt(label, escape(_text(cut)), sha256, len(content), part)


def messages(sha256: str, content: bytes) -> list[Excerpt]:
    """A prompt by its messages, or as it is stored where it isn't a list of them."""
    try:
        listed = [(str(one["role"]), str(one["content"])) for one in json.loads(content)]
    except (ValueError, KeyError, TypeError):
        listed = []
    if not listed:
        return [plain("prompt", sha256, content)]
    found = []
    for role, said in listed:
        raw = said.encode("utf-8", "replace")
        cut, part = _beginning(raw)
        found.append(Excerpt(one_line(role, 40), escape(_text(cut)), sha256, len(raw), part))
    return found


def patch(sha256: str, content: bytes) -> Excerpt:
    """A diff with its colours, as classes."""
    cut, part = _beginning(content)
    # Pygments escapes what it is given.
    html = Markup(highlight(_text(cut), DiffLexer(stripnl=False), _formatter()).rstrip())  # noqa: S704
    return Excerpt("patch", html, sha256, len(content), part)


def log(sha256: str, content: bytes) -> Excerpt:
    """From its first failure on, or its end if nothing is recognised as one."""
    found = _FAILURE.search(content)
    if found:
        shown = content[found.start() : found.start() + LONGEST_LOG]
        is_end = found.start() + LONGEST_LOG >= len(content)
        part = "from the first failure" + ("" if is_end else ", in part")
    else:
        shown = content[-LONGEST_LOG:]
        part = "its end"
    if len(shown) == len(content):
        part = ""
    lines = _text(shown).split("\n")
    return Excerpt("log", Markup("\n").join(map(_line, lines)), sha256, len(content), part)


def _line(line: str) -> Markup:
    if _TITLE.match(line):
        return Markup('<b class="t">{}</b>').format(line)
    if _ERROR.match(line):
        return Markup('<span class="e">{}</span>').format(line)
    return escape(line)


def _beginning(content: bytes) -> tuple[bytes, str]:
    if len(content) <= LONGEST:
        return content, ""
    return content[:LONGEST], f"the first {LONGEST // 1000} kB"


def _text(content: bytes) -> str:
    return printable(content.decode("utf-8", "replace")).rstrip("\n")


@cache
def _formatter() -> HtmlFormatter[str]:
    return HtmlFormatter(nowrap=True)
