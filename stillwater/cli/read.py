"""`stillwater read`: which files the model would see of an instance, and why these."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from stillwater import datasets, runs
from stillwater.cli.options import ConfigFile, Set
from stillwater.cli.plain import Grid, console
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.cli.run import settings_of
from stillwater.errors import InputError
from stillwater.prompt import Lines, ShownFile, file_section
from stillwater.steps.read import choice_for, sources_of
from stillwater.telling.text import number, printable


def command(
    instance: Annotated[str, typer.Argument(help="An instance's id.")],
    dataset: Annotated[str, typer.Argument(help="As for `stillwater run`.")] = "samples",
    *,
    split: Annotated[str, typer.Option("--split", help="Which split of a hub dataset.")] = "test",
    text: Annotated[bool, typer.Option("--text", help="The files as the model sees them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    assignments: Set = None,
    config: ConfigFile = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Show which files the model would see, from the issue's words alone; no test is run."""
    settings = settings_of(None, None, None, None, assignments, config)
    wanted = datasets.Selection(ids=(instance,))
    found, *others = datasets.select(datasets.load(dataset, split), wanted).instances
    if others:
        raise InputError(f"{instance} means {1 + len(others)} instances: name one")
    repositories = runs.Place(db).repositories(settings)
    choice, budget = choice_for(found, settings, sources_of(found, repositories), "")
    if as_json:
        print(json.dumps(asdict(choice) | {"budget": budget}, indent=1))
        return
    if choice.problem:
        raise InputError(f"{found.instance_id}: {choice.problem}")
    if text:
        store = repositories.ensure(found)
        blobs = repositories.paths(store, found.base_commit)
        texts = repositories.texts(store, {one.path: blobs[one.path] for one in choice.files})
        for one in choice.files:
            print(printable(file_section(ShownFile(one.path, texts[one.path], one.lines))))
        return
    table = Grid(("file", "shown", "tokens", "score", "why"), frozenset({"tokens", "score"}))
    for one in choice.files:
        why = "; ".join(one.why)
        table.add(one.path, _shown(one.lines), number(one.tokens), f"{one.score:.2f}", why)
    for left in choice.skipped:
        table.add(left.path, "no", number(left.tokens), "", left.why)
    console().print(table)
    taken = sum(one.tokens for one in choice.files)
    print(f"\n{number(taken)} of {number(budget)} tokens for files, by estimate.")


def _shown(lines: tuple[Lines, ...] | None) -> str:
    if lines is None:
        return "whole"
    return ", ".join(f"{one.first}-{one.last}" for one in lines)
