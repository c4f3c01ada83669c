"""`stillwater replay`: a recorded run again, without the model; does the same come of it?"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stillwater import __version__, runs
from stillwater.cli import reader, watch
from stillwater.cli.options import SandboxKind, Verbose
from stillwater.cli.plain import Grid, console, warn
from stillwater.cli.reader import DEFAULT_DB, Db, RunId
from stillwater.errors import InputError
from stillwater.rounding import duration
from stillwater.sandbox import scratch
from stillwater.telling.text import one_line
from stillwater.where import Database

if TYPE_CHECKING:
    from stillwater.replay import Difference, Record, Report, Short

DIFFERS = 1
WIDEST = 300


def command(
    run: RunId = None,
    *,
    instance: Annotated[
        list[str] | None, typer.Option("--instance", help="Only these: an id, or a*pattern.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Keep the replay in this new database.", dir_okay=False),
    ] = None,
    sandbox: SandboxKind = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything, as one JSON object.")
    ] = False,
    db: Db = DEFAULT_DB,
    verbose: Verbose = False,
) -> None:
    """Do a run again with its recorded completions: the same, or the first difference. Exit 1: so.

    The recorded database is only read. Tests run anew, in a sandbox as they did then.
    """
    from stillwater import replay

    begun = time.monotonic()
    with reader.open_store(db) as store, _place(db, into) as place:
        record = replay.Record(store, reader.run_of(store, run), instance or ())
        _tell_version(record)
        chosen = replay.prepare(place, record, sandbox)
        with runs.opened(place) as made:
            replay.begin(made, record, chosen)
            steps = replay.following(record)
            screen = console(sys.stderr if as_json else sys.stdout)
            stopped = watch.drive(place, made, record.run.id, chosen, screen, verbose, steps)
            report = replay.compare(record, made)
    seconds = time.monotonic() - begun
    if as_json:
        print(json.dumps(_json(db, record, report, seconds), indent=2))
    else:
        _print(report, seconds, into)
    if stopped.exit_code is not None:
        watch.leave(stopped.exit_code)
    if not report.same:
        raise typer.Exit(DIFFERS)


@contextmanager
def _place(db: Database, into: Path | None) -> Iterator[runs.Place]:
    """Where the replay lives: a folder that is removed at the end, or beside `into`."""
    lender = runs.Place(db).folder
    if into is not None:
        if into.exists():
            raise InputError(f"--into {into}: there is such a file already: give a new name")
        yield runs.Place(into, lender)
        return
    with scratch.folder("replay") as folder:
        yield runs.Place(folder / "replay.db", lender)


def _tell_version(record: "Record") -> None:
    if record.run.version != __version__:
        warn(
            f"Run {record.run.id} was made by Stillwater {record.run.version}, this is "
            f"{__version__}: what differs may come from that."
        )


def _print(report: "Report", seconds: float, into: Path | None) -> None:
    for line in _shorts((*report.ended, *report.not_replayed)):
        print(line)
    counts = f"{_many(report.machines, 'machine')}, {_many(report.transitions, 'transition')}"
    if report.same:
        print(f"Replayed {counts}: no difference ({duration(seconds)})")
        return
    if report.differences:
        _print_differences(report)
    many, kept = len(report.differences), len(report.not_replayed)
    told = [_many(many, "difference") if many else "no difference so far"]
    told += [f"{kept} not replayed to the end"] if kept else []
    print(f"Replayed {counts} the same: {', '.join(told)} ({duration(seconds)})")
    if into is None and many:
        print(
            "To look at what came: the same with --into FILE.db, then stillwater show --db FILE.db"
        )


def _shorts(shorts: Sequence["Short"]) -> Iterator[str]:
    """The machines that were replayed in part, a line for each reason."""
    for why, many in Counter(one.why for one in shorts).items():
        first = next(one for one in shorts if one.why == why)
        name = first.machine
        more = f", and {_many(many - 1, 'other')} in part" if many > 1 else ""
        yield one_line(f"{name} was replayed as far as {first.state}{more}: {why}", WIDEST)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _print_differences(report: "Report") -> None:
    first, *others = report.differences
    print(f"First difference: {_where(first)}: {one_line(first.what, WIDEST)}")
    print(f"  recorded  {one_line(first.recorded, WIDEST)}")
    print(f"  now       {one_line(first.now, WIDEST)}")
    if others:
        grid = Grid(("others that differ", "attempt", "state", "in"), frozenset({"attempt"}))
        for one in others:
            name = one.machine
            grid.add(name, str(one.attempt), one.state, one.what)
        console().print(grid)


def _where(found: "Difference") -> str:
    name = one_line(found.machine)
    return f"{name}, attempt {found.attempt}, in {found.state}"


def _json(db: Database, record: "Record", report: "Report", seconds: float) -> dict[str, Any]:
    return {
        "database": str(db),
        "run": record.run.id,
        "version": record.run.version,
        "same": report.same,
        **asdict(report),
        "seconds": round(seconds, 3),
    }
