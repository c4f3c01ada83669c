"""A comparison as Markdown."""

from collections.abc import Iterator, Sequence

from stillwater.comparison.model import Comparison, RunFacts
from stillwater.comparison.tables import Sheet, tables
from stillwater.comparison.words import datasets, left_out, settings


def markdown(told: Comparison, runs: Sequence[RunFacts], note: str | None) -> str:
    """The text; the arguments are those of `page`."""
    return "\n".join(_lines(told, runs, note)) + "\n"


def _lines(told: Comparison, runs: Sequence[RunFacts], note: str | None) -> Iterator[str]:
    yield f"# {len(told.arms)} arms compared on {_safe(datasets(runs))}"
    for run in runs:
        yield f"\nRun {_safe(run.id)}, {_safe(run.created_at)}, Stillwater {_safe(run.version)}."
    for line in filter(None, (note, left_out(told))):
        yield f"\n{_safe(line)}"
    yield "\n## What each arm is\n"
    yield from (f"- `{one.arm}`: `{settings(one)}`" for one in told.arms)
    for sheet in tables(told):
        yield f"\n## {_safe(sheet.heading)}\n"
        yield from _table(sheet)


def _table(sheet: Sheet) -> Iterator[str]:
    yield _row(sheet.columns)
    yield _row([":--" if at < sheet.words else "--:" for at in range(len(sheet.columns))])
    yield from (_row([_safe(cell) for cell in row]) for row in sheet.rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _safe(text: str) -> str:
    """Text that Markdown takes for text, on one line."""
    flat = " ".join(text.split())
    for mark in "\\|<>*_`[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
