"""Text that is safe and legible in any terminal or pipe: no escapes, no markup, no broken boxes."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from stillwater.telling.text import one_line, printable

PIPED_WIDTH = 500
"""Wide enough that nothing is wrapped or cut where no terminal shows it."""


def warn(text: str) -> None:
    """Tell it on stderr, if anyone listens; it may quote a server or a test, so it is made safe."""
    with suppress(OSError):
        print(printable(text), file=sys.stderr)


def program() -> str:
    """What a person types to call this program: its name, or where it is if that isn't on PATH."""
    called = Path(sys.argv[0])
    if called.name != "stillwater" or shutil.which("stillwater"):
        return "stillwater"
    absolute = called.absolute()
    here = absolute.is_relative_to(Path.cwd())
    return str(absolute.relative_to(Path.cwd()) if here else absolute)


def console(file: IO[str] | None = None) -> Console:
    """A console that never reads markup, as wide as needed where it is no terminal."""
    stream = file or sys.stdout
    made = Console(file=stream, markup=False, highlight=False, emoji=False)
    if made.is_terminal:
        return made
    return Console(
        file=stream, markup=False, highlight=False, emoji=False, width=PIPED_WIDTH, soft_wrap=True
    )


@dataclass
class Grid:
    """A table: rich in a terminal, aligned text elsewhere. Cells are made safe here.

    `right` names the columns that are aligned to the right.
    """

    columns: Sequence[str]
    right: frozenset[str] = frozenset()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row; each cell becomes one line."""
        self.rows.append(tuple(one_line(cell) for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.is_terminal:
            yield self._rich()
            return
        for line in self.lines():
            yield Segment(line + "\n")

    def lines(self) -> Iterator[str]:
        """The rows as aligned text, headings first."""
        whole = [tuple(self.columns), *self.rows]
        widths = [max(len(row[at]) for row in whole) for at in range(len(self.columns))]
        for row in whole:
            cells = (
                cell.rjust(width) if name in self.right else cell.ljust(width)
                for name, cell, width in zip(self.columns, row, widths, strict=True)
            )
            yield "  ".join(cells).rstrip()

    def _rich(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for at, name in enumerate(self.columns):
            side: Literal["left", "right"] = "right" if name in self.right else "left"
            # What a person copies is in the first column: it is never broken.
            table.add_column(Text(name), justify=side, overflow="fold", no_wrap=at == 0)
        for row in self.rows:
            table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
        return table


STYLES = {
    "VERIFIED": "green",
    "verified": "green",
    "FAILED": "red",
    "failed": "red",
    "ok": "green",
    "no": "red",
}
"""How the few words that a reader looks for are coloured."""
