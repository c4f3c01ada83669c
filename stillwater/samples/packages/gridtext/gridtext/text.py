"""Tables for a terminal."""

from __future__ import annotations

from gridtext.table import Table
from gridtext.width import display_width, pad
from gridtext.wrap import wrap


def to_text(table: Table, separator: str = " | ") -> str:
    """The table with a heading and a rule below it, without blanks at line ends."""
    head = [column.name for column in table.columns]
    body = [_wrapped(table, texts) for texts in table.texts()]
    widths = [display_width(name) for name in head]
    for cells in body:
        for position, lines in enumerate(cells):
            widths[position] = max(widths[position], *(display_width(line) for line in lines))
    aligns = table.alignments()

    def line(texts: list[str]) -> str:
        padded = [pad(text, widths[i], aligns[i]) for i, text in enumerate(texts)]
        return separator.join(padded).rstrip()

    rule = separator.replace(" ", "-").replace("|", "+").join("-" * width for width in widths)
    out = [line(head), rule]
    for cells in body:
        height = max((len(lines) for lines in cells), default=0)
        for row in range(height):
            out.append(line([lines[row] if row < len(lines) else "" for lines in cells]))
    return "\n".join(out)


def _wrapped(table: Table, texts: list[str]) -> list[list[str]]:
    cells = []
    for column, text in zip(table.columns, texts, strict=True):
        cells.append(wrap(text, column.width) if column.width else text.split("\n"))
    return cells
