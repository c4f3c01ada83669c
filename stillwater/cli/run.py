"""`stillwater run` and `stillwater resume`: drive a batch of machines to their ends."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.text import Text

from stillwater import config as configuration
from stillwater import datasets, plans, runs
from stillwater.cli import comparison, reader, watch
from stillwater.cli.options import (
    Arm,
    Attempts,
    ConfigFile,
    DatasetName,
    Endpoints,
    Executor,
    Feedback,
    Instances,
    Limit,
    Model,
    Part,
    RayAddress,
    Repositories,
    SandboxKind,
    Set,
    Shuffle,
    Split,
    Verbose,
)
from stillwater.cli.plain import console, program
from stillwater.cli.reader import DEFAULT_DB, Db, flag_of
from stillwater.cli.results import results_table
from stillwater.comparison import compare
from stillwater.sandbox import Sandbox
from stillwater.store import Store, queries
from stillwater.telling.results import arms_of, final_line
from stillwater.telling.text import printable
from stillwater.where import Database


def run(
    dataset: DatasetName = "samples",
    limit: Limit = None,
    part: Part = None,
    instance: Instances = None,
    repo: Repositories = None,
    shuffle: Shuffle = None,
    split: Split = "test",
    model: Model = None,
    attempts: Attempts = None,
    feedback: Feedback = None,
    sandbox: SandboxKind = None,
    arm: Arm = None,
    assignments: Set = None,
    config: ConfigFile = None,
    executor: Executor = None,
    ray_address: RayAddress = None,
    endpoints: Endpoints = None,
    db: Db = DEFAULT_DB,
    verbose: Verbose = False,
) -> None:
    """Repair every instance of a dataset."""
    flags = flags_of(model, attempts, feedback, sandbox, assignments)
    settings = configuration.load(flags | where(executor, ray_address, endpoints), config, arm)
    wanted = datasets.Selection(instance or (), repo or (), shuffle, part, limit)
    chosen = datasets.select(datasets.load(dataset, split), wanted)
    begin(chosen, settings, {arm: settings} if arm else None, db, config, verbose=verbose)


def resume(
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run's id.")] = None,
    executor: Executor = None,
    ray_address: RayAddress = None,
    endpoints: Endpoints = None,
    config: ConfigFile = None,
    db: Db = DEFAULT_DB,
    verbose: Verbose = False,
) -> None:
    """Go on where the last scheduler stopped, however it stopped."""
    today = configuration.load(where(executor, ray_address, endpoints), config)
    place = runs.Place.of(db, today)
    reader.require(db)
    with runs.opened(place, run_id, today.lease_seconds) as store:
        found = store.run(run_id) if run_id else store.unfinished()
        if found is None or found.finished_at is not None:
            runs.sweep(place, configuration.frozen(found.config) if found else None)
            which, named = (f"run {found.id}", f" {found.id}") if found else ("every run", "")
            see = f"{program()} report{named}{flag_of(db)}"
            print(f"Nothing to resume: {which} is finished. See it with: {see}")
            return
        sandbox = plans.sandbox_of_run(place, store, found)
        drive(place, store, found.id, sandbox, config, verbose=verbose)


def flags_of(
    model: str | None,
    attempts: int | None,
    feedback: str | None,
    sandbox: str | None,
    assignments: Sequence[str] | None,
) -> dict[str, Any]:
    """What the flags say of the configuration; --model replaces the whole chain."""
    flags: dict[str, Any] = {"attempts": attempts, "feedback": feedback, "sandbox": sandbox}
    if model is not None:
        flags["models"] = (model,)
    given = {name: value for name, value in flags.items() if value is not None}
    return configuration.parse_set(assignments or ()) | given


def where(
    executor: str | None, ray_address: str | None, endpoints: Sequence[str] | None
) -> dict[str, Any]:
    """What the flags say of where steps run and who answers; an address is one of Ray's."""
    told: dict[str, Any] = {"endpoints": tuple(endpoints)} if endpoints else {}
    if ray_address is not None:
        return {**told, "executor": executor or "ray", "ray_address": ray_address}
    return told if executor is None else {**told, "executor": executor}


def settings_of(
    model: str | None,
    attempts: int | None,
    feedback: str | None,
    sandbox: str | None,
    assignments: Sequence[str] | None,
    file: Path | None,
    arm: str | None = None,
) -> configuration.Config:
    """The configuration with what the flags say."""
    flags = flags_of(model, attempts, feedback, sandbox, assignments)
    return configuration.load(flags, file, arm)


def begin(
    dataset: datasets.Dataset,
    settings: configuration.Config,
    arms: Mapping[str, configuration.Config] | None,
    db: Database,
    file: Path | None,
    *,
    verbose: bool,
) -> None:
    """Plan a run of the dataset, write it and drive it; without `arms`, under `settings` alone.

    `file` is where these settings come from, if one was named.
    """
    place = runs.Place.of(db, settings)
    with runs.opened(place, lease_seconds=settings.lease_seconds) as store:
        ready = plans.plan(place, dataset, settings, notice, arms=arms)
        run_id = plans.create(store, ready)
        drive(place, store, run_id, ready.sandbox, file, verbose=verbose)


def notice(text: str) -> None:
    """Tell a person what no one should miss."""
    console(sys.stderr).print(
        Panel(Text(printable(text)), title="notice", border_style="yellow", expand=False)
    )


def drive(
    place: runs.Place,
    store: Store,
    run_id: str,
    sandbox: Sandbox,
    file: Path | None,
    *,
    verbose: bool,
) -> None:
    """Drive the run with progress on the screen; print its results, or how to go on."""
    screen = console()
    stopped = watch.drive(place, store, run_id, sandbox, screen, verbose)
    if stopped.exit_code is not None:
        print(f"Stopped; all that was finished is saved. Go on with: {again(place, run_id, file)}")
        watch.leave(stopped.exit_code)
    outcomes = queries.outcomes(place.db, run_id)
    screen.print(results_table(outcomes, store.run(run_id).config))
    if len(arms_of(outcomes)) > 1:
        comparison.show(screen, compare(store, store.run(run_id)))
    print(final_line(outcomes))
    print_next(place, outcomes, None if store.runs()[0].id == run_id else run_id)


def again(place: runs.Place, run_id: str, file: Path | None = None) -> str:
    """The command that goes on with a run; `file` says what isn't stored with it."""
    named = f" --config {shlex.quote(str(file))}" if file else ""
    return f"{program()} resume {run_id}{named}{flag_of(place.db)}"


def print_next(place: runs.Place, outcomes: Sequence[Any], run_id: str | None) -> None:
    """The commands to try next; `run_id` names the run where it isn't the newest."""
    flag, name = flag_of(place.db), program()
    first = outcomes[0].instance_id + (f" --run {run_id}" if run_id else "")
    report = f"report {run_id}" if run_id else "report"
    arms = arms_of(outcomes)
    tries: list[tuple[str, str]] = []
    if len(arms) > 1:
        tries.append((f"{report} --html compared.html", "the comparison as a page, with plots"))
        first += f" --arm {arms[0]}"
    tries += [
        (f"show {first}", "what happened to one of them, step by step"),
        (report, "success by attempts, by repository, by model"),
        ("doctor", "which models and sandboxes this machine offers"),
    ]
    width = max(len(words) for words, _ in tries) + len(flag)
    print("\nTry next:")
    for words, what in tries:
        print(f"  {name} {words + flag:{width}}  {what}")
