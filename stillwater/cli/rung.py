"""`stillwater verify [RUN] --rung N`: a rung of a run, printed and written into its database."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stillwater import config as configuration
from stillwater import runs
from stillwater.cli import export, reader
from stillwater.cli.plain import Grid, console, warn
from stillwater.errors import InputError
from stillwater.rounding import duration
from stillwater.store import OlderDatabase
from stillwater.store.schema import RUNGS
from stillwater.telling.text import one_line
from stillwater.where import Database

if TYPE_CHECKING:
    from stillwater.rungs import Asked, Result
    from stillwater.store import RungRow

DOES_NOT_HOLD = 1
NAMES = ", ".join(map(str, RUNGS))
WIDEST = 1000
TOLD = {True: "ok", False: "no", None: "not checked"}


Arm = Annotated[str | None, typer.Option("--arm", help="The arm that a rung is tried of.")]
Baseline = Annotated[
    str | None, typer.Option("--baseline", help="274177: the arm to hold it against; patch.")
]
Sample = Annotated[
    int | None, typer.Option("--sample", min=30, help="274177: of so many instances; 30.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", help="274177: chooses the sample and test orders; 0.")
]
AtLeast = Annotated[
    float | None,
    typer.Option(
        "--at-least", min=0, max=1, help="65537: the share that must be verified, from 0 to 1."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="65537: an empty folder for the certificates.", file_okay=False),
]


@dataclass(frozen=True)
class Options:
    """What was given for a rung; None where it wasn't."""

    arm: str | None = None
    baseline: str | None = None
    sample: int | None = None
    seed: int | None = None
    at_least: float | None = None
    out: Path | None = None

    def given(self) -> dict[str, object]:
        """Those that were given, as they are written."""
        named = {"--" + one.name.replace("_", "-"): getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value is not None}


TAKES = {
    641: frozenset[str](),
    274177: frozenset({"--arm", "--baseline", "--sample", "--seed"}),
    65537: frozenset({"--arm", "--at-least", "--out"}),
}
"""The options that each rung takes."""


def climb(
    run: str | None,
    number: int,
    options: Options,
    db: Database,
    config: Path | None,
    *,
    as_json: bool,
) -> None:
    """Try the rung, tell what was checked, and write it down; exit 1 where it does not hold.

    Raises:
        InputError: there is no such rung or run, or the rung below is missing.
        WorldError: the world failed in between: nothing is decided, and nothing written.
    """
    from stillwater import rungs

    if number not in RUNGS:
        raise InputError(f"--rung {number}: there are {NAMES}")
    for name in options.given().keys() - TAKES[number]:
        raise InputError(f"{name} is not for rung {number}")
    if number == 65537 and (options.at_least is None or options.out is None):
        raise InputError(
            "rung 65537 wants the share that must be verified and an empty folder for the "
            "certificates: --at-least 0.6 --out DIR"
        )
    begun = time.monotonic()
    today = configuration.load(None, config)
    # Before the lease is taken: what can't be asked is no reason to take it.
    with suppress(OlderDatabase), reader.open_store(db) as store:
        run = reader.run_of(store, run).id
        rungs.below(store, run, number)
    place = runs.Place(db, certificate_key=today.certificate_key)
    with runs.opened(place, run, today.lease_seconds) as store:
        found = reader.run_of(store, run)
        asked = rungs.Asked(place, store, store.run(found.id), lambda text: warn(one_line(text)))
        result = _try(number, asked, rungs.below(store, found.id, number), options)
        written = rungs.record(store, result)
    seconds = time.monotonic() - begun
    if as_json:
        print(json.dumps(_json(db, result, written, seconds), indent=2))
    else:
        _print(result, written, seconds)
    if not result.holds:
        raise typer.Exit(DOES_NOT_HOLD)


def _try(number: int, asked: "Asked", below: "RungRow | None", options: Options) -> "Result":
    if number == 641:
        from stillwater.rungs.machinery import machinery

        return machinery(asked)
    if number == 274177:
        from stillwater.rungs import stress

        baseline, sample = options.baseline or stress.BASELINE, options.sample or stress.LEAST
        return stress.stress(asked, options.arm, baseline, sample, options.seed or 0)
    from stillwater.rungs.whole import whole

    assert below is not None
    assert options.at_least is not None
    assert options.out is not None
    # Before the hours that follow: a folder that can't be written to is bad input.
    export.make_folder(options.out, force=False)
    return whole(asked, below, options.arm, options.at_least, _writer(options.out))


def _writer(out: Path) -> Callable[[dict[str, bytes]], None]:
    def write(made: dict[str, bytes]) -> None:
        names = export.file_names(list(made), ".json")
        for instance_id, content in made.items():
            export.write(out / names[instance_id], content)

    return write


def _print(result: "Result", written: int, seconds: float) -> None:
    grid = Grid(("checked", "result", "told"))
    for one in result.findings:
        grid.add(one.what, TOLD[one.holds], one.told)
    console().print(grid)
    row = f"row {written} of rungs, {duration(seconds)}"
    holds = "holds" if result.holds else "does not hold"
    end = "." if result.holds else ":"
    print(one_line(f"Rung {result.rung} {holds} of run {result.run_id} ({row}){end}", WIDEST))
    for one in result.findings:
        if one.holds is False:
            print(one_line(f"  {one.what}: {one.told}", WIDEST))


def _json(db: Database, result: "Result", written: int, seconds: float) -> dict[str, Any]:
    return {
        "database": str(db),
        "run": result.run_id,
        "rung": result.rung,
        "holds": result.holds,
        **result.evidence(),
        "row": written,
        "seconds": round(seconds, 3),
    }
