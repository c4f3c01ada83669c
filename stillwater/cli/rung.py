"""`stillwater verify [RUN] --rung N`: a rung of a run, printed and written into its database."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stillwater import config as configuration
from stillwater import runs
from stillwater.cli import reader
from stillwater.cli.plain import Grid, console, duration, one_line, warn
from stillwater.errors import InputError

if TYPE_CHECKING:
    from stillwater.rungs import Asked, Result
    from stillwater.store import RungRow

DOES_NOT_HOLD = 1
NUMBERS = (641,)
NAMES = ", ".join(map(str, NUMBERS))
WIDEST = 1000
TOLD = {True: "ok", False: "no", None: "not checked"}


def climb(run: str | None, number: int, db: Path, config: Path | None, *, as_json: bool) -> None:
    """Try the rung, tell what was checked, and write it down; exit 1 where it does not hold.

    Raises:
        InputError: there is no such rung or run, or the rung below is missing.
        WorldError: the world failed in between: nothing is decided, and nothing written.
    """
    from stillwater import rungs

    if number not in NUMBERS:
        raise InputError(f"--rung {number}: there are {NAMES}")
    begun = time.monotonic()
    today = configuration.load(None, config)
    with reader.open_store(db) as store:
        found = reader.run_of(store, run)
        rungs.below(store, found.id, number)
    place = runs.Place(db, certificate_key=today.certificate_key)
    with runs.opened(place, found.id, today.lease_seconds) as store:
        asked = rungs.Asked(place, store, store.run(found.id), lambda text: warn(one_line(text)))
        result = _try(number, asked, rungs.below(store, found.id, number))
        written = rungs.record(store, result)
    seconds = time.monotonic() - begun
    if as_json:
        print(json.dumps(_json(db, result, written, seconds), indent=2))
    else:
        _print(result, written, seconds)
    if not result.holds:
        raise typer.Exit(DOES_NOT_HOLD)


def _try(number: int, asked: "Asked", below: "RungRow | None") -> "Result":
    from stillwater.rungs.machinery import machinery

    return machinery(asked)


def _print(result: "Result", written: int, seconds: float) -> None:
    grid = Grid(("checked", "result", "told"))
    for one in result.findings:
        grid.add(one.what, TOLD[one.holds], one.told)
    console().print(grid)
    which = f"Rung {result.rung}"
    row = f"row {written} of rungs, {duration(seconds)}"
    if result.holds:
        print(f"{which} holds of run {result.run_id} ({row}).")
        return
    print(f"{which} does not hold of run {result.run_id} ({row}):")
    for one in result.findings:
        if one.holds is False:
            print(one_line(f"  {one.what}: {one.told}", WIDEST))


def _json(db: Path, result: "Result", written: int, seconds: float) -> dict[str, Any]:
    return {
        "database": str(db),
        "run": result.run_id,
        "rung": result.rung,
        "holds": result.holds,
        **result.evidence(),
        "row": written,
        "seconds": round(seconds, 3),
    }
