"""Text that is safe and legible wherever it is shown: no escapes, no control characters."""

import re

SEQUENCES = re.compile(
    # titles and links, then colours and cursor
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90-\x9f\n]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)


INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """`text` without terminal escapes, control characters and marks that reorder a line.

    Line ends become "\\n"; tabs stay.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return INVISIBLE.sub("", SEQUENCES.sub("", lines))


def one_line(text: str, limit: int = 160) -> str:
    """The same on one line of at most `limit` characters."""
    # Only what can be shown is worked on: a log may be 16 MiB.
    line = " ".join(printable(text[: 20 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def number(value: int | None) -> str:
    """A count with thin groups, or an en dash for none."""
    return "–" if value is None else f"{value:,}"
