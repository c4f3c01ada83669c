"""Where code that stands in no fence begins, and where it ends."""

import re
from collections.abc import Sequence

from stillwater.edits.code import understand
from stillwater.edits.syntax import defines
from stillwater.edits.text import indent, trimmed

_CODE = re.compile(
    r"\s*(?:async\s+def\s|def\s+\w+\s*\(|class\s+\w+.*:|@\w|import\s+\w|from\s+\S+\s+import\b|"
    r"return\b|raise\s|(?:if|elif|for|while|with|except)\b.*:\s*(?:#.*)?$|(?:else|try|finally):|"
    r"[A-Za-z_][\w.\[\]'\"]*\s*[-+*/|&]?=\s*\S|\d+\s*\|)|[ \t]{4,}\S"
)
_CALL = re.compile(r"[\w.]+[(\[{]|[)\]}@]")
_MOST = 40
"""Lines of prose that may follow the code."""


def is_code(line: str) -> bool:
    """Whether the line looks like the first of some code."""
    return bool(_CODE.match(line))


def without_prose(code: Sequence[str]) -> list[str]:
    """The code without the prose after it, if that makes it Python.

    Prose is never indented: an indented line is the code's own, however little Python that is.
    """
    kept = trimmed(code)
    for _ in range(_MOST):
        if understand("\n".join(kept)).tree is not None:
            return kept
        if len(kept) < 2 or not is_prose(kept[-1]):
            break
        kept = trimmed(kept[:-1])
    return list(code)


def is_prose(line: str) -> bool:
    """Whether the line is unindented and looks like no code."""
    return not (indent(line) or is_code(line) or _CALL.match(line) or defines([line]))
