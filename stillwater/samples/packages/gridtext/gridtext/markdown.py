"""Markdown tables, out and in."""

from __future__ import annotations

import re

from gridtext.cells import parse_value
from gridtext.errors import TableError
from gridtext.table import Column, Table
from gridtext.width import Align, display_width, pad

_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-+:?")


def escape(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "\\|").replace("\n", "<br>")


def unescape(text: str) -> str:
    """What ``escape`` was given."""
    return text.replace("<br>", "\n").replace("\\|", "|")


def to_markdown(table: Table) -> str:
    """The table in Markdown, padded so that it also reads well as it is."""
    rows = [[escape(text) for text in texts] for texts in table.texts()]
    head = [escape(column.name) for column in table.columns]
    aligns = table.alignments()
    # A rule has three dashes at least.
    widths = [
        max(3, *(display_width(text) for text in cells)) for cells in zip(head, *rows, strict=True)
    ]
    rules = [_rule(align, width) for align, width in zip(aligns, widths, strict=True)]

    def line(texts: list[str]) -> str:
        padded = [pad(text, widths[i], aligns[i]) for i, text in enumerate(texts)]
        return f"| {' | '.join(padded)} |"

    return "\n".join([line(head), line(rules), *(line(row) for row in rows)])


def read_markdown(text: str) -> Table:
    """Read one Markdown table; numbers become numbers, short rows are filled up."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) < 2:
        raise TableError("a table needs a heading and a rule")
    names, rules = _cells(lines[0]), _cells(lines[1])
    if len(names) != len(rules) or not all(_RULE.fullmatch(rule) for rule in rules):
        raise TableError(f"not a rule: {lines[1]!r}")
    columns = [Column(name, _align(rule)) for name, rule in zip(names, rules, strict=True)]
    rows = []
    for line in lines[2:]:
        cells = _cells(line)
        # Cells at the end of a row may be left out.
        cells += [""] * (len(columns) - len(cells))
        rows.append([parse_value(cell) for cell in cells])
    return Table(columns, rows)


def _cells(line: str) -> list[str]:
    parts = _UNESCAPED_BAR.split(line.removeprefix("|"))
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return [unescape(part.strip()) for part in parts]


def _rule(align: Align, width: int) -> str:
    if align == "center":
        return ":" + "-" * (width - 2) + ":"
    if align == "right":
        return "-" * (width - 1) + ":"
    return "-" * width


def _align(rule: str) -> Align | None:
    if rule.startswith(":") and rule.endswith(":"):
        return "center"
    if rule.endswith(":"):
        return "right"
    return "left" if rule.startswith(":") else None
