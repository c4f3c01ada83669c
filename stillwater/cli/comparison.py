"""A comparison of arms in a terminal."""

from rich.console import Console
from rich.text import Text

from stillwater.cli.plain import Grid
from stillwater.comparison import Comparison
from stillwater.comparison.tables import Sheet, tables
from stillwater.comparison.words import left_out


def show(out: Console, told: Comparison) -> None:
    """Print it: arms, pairs, success at k, what only one repaired, groups."""
    for sheet in tables(told):
        out.print(Text(f"\n{sheet.heading}", style="bold"))
        out.print(_grid(sheet))
    missing = left_out(told)
    if missing:
        out.print(Text(f"\n{missing}", style="yellow"))


def _grid(sheet: Sheet) -> Grid:
    grid = Grid(sheet.columns, frozenset(sheet.columns[sheet.words :]))
    for row in sheet.rows:
        grid.add(*row)
    return grid
