"""A comparison of arms: in a terminal, as Markdown, as a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stillwater.cli.export import write
from stillwater.cli.plain import Grid
from stillwater.comparison import Comparison, RunFacts
from stillwater.comparison.markdown import markdown
from stillwater.comparison.page import page
from stillwater.comparison.tables import Sheet, tables
from stillwater.comparison.words import left_out
from stillwater.errors import InputError
from stillwater.telling.text import one_line

AsJson = Annotated[bool, typer.Option("--json", help="Everything, as one JSON object.")]
AsMarkdown = Annotated[
    bool, typer.Option("--markdown", help="Of a comparison: its tables as Markdown.")
]
Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Of a comparison: one page, with plots."),
]


def refuse_both(as_json: bool, as_markdown: bool, html: Path | None) -> None:
    """Raise InputError where two of the ways to tell a comparison are asked for."""
    given = {"--json": as_json, "--markdown": as_markdown, "--html": html is not None}
    named = [name for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise InputError(f"{named[0]} and {named[1]}: give one at a time")


def write_down(
    told: Comparison, runs: Sequence[RunFacts], note: str | None, html: Path | None
) -> None:
    """The page into the file `html`, or Markdown to stdout."""
    if html is None:
        typer.echo(markdown(told, runs, note), nl=False)
        return
    write(html, page(told, runs, note).encode())
    typer.echo(f"{html}: {len(told.arms)} arms, {told.instances} instances", err=True)


def show(out: Console, told: Comparison) -> None:
    """Print it: arms, pairs, success at k, what only one repaired, groups."""
    for sheet in tables(told):
        out.print(Text(f"\n{sheet.heading}", style="bold"))
        out.print(_grid(sheet))
    missing = left_out(told)
    if missing:
        out.print(Text(f"\n{one_line(missing)}", style="yellow"))


def _grid(sheet: Sheet) -> Grid:
    columns = [one_line(name) for name in sheet.columns]
    grid = Grid(columns, frozenset(columns[sheet.words :]))
    for row in sheet.rows:
        grid.add(*row)
    return grid
