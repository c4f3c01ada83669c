"""`stillwater report`: how a run went, for a person or as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from stillwater.cli import comparison, reader
from stillwater.cli.plain import Grid, console, program
from stillwater.cli.reader import DEFAULT_DB, Db, RunId
from stillwater.cli.results import results_table
from stillwater.comparison import compare
from stillwater.errors import InputError
from stillwater.rounding import duration
from stillwater.store import queries
from stillwater.telling.results import final_line, percentage
from stillwater.telling.summary import run_facts, summary
from stillwater.telling.text import number, one_line

TOLD = (
    "models",
    "attempts",
    "num_ctx",
    "max_tokens",
    "thinking_tokens",
    "max_files",
    "temperature",
    "retry_temperature",
    "seed",
    "sandbox",
    "docker_image",
    "test_timeout",
)
"""The settings that a result means little without."""


def command(
    run: RunId = None,
    *,
    as_json: comparison.AsJson = False,
    as_markdown: comparison.AsMarkdown = False,
    html: comparison.Html = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Report a run: success by attempts, by repository, by model, and how machines ended.

    Of a run with several arms: which of them repaired what, and whether that is chance.
    """
    comparison.refuse_both(as_json, as_markdown, html)
    with reader.open_store(db) as store:
        found = reader.run_of(store, run)
        told = summary(store, found)
        compared = compare(store, found) if told["comparison"] else None
    if as_json:
        # ASCII only: what models and tests said can't reach the terminal but as escapes of JSON.
        typer.echo(json.dumps(told, indent=2, ensure_ascii=True))
        return
    if as_markdown or html:
        if compared is None:
            raise InputError(
                f"run {found.id} has one arm and nothing to compare: "
                f"see `{program()} compare --help`"
            )
        comparison.write_down(compared, [run_facts(found)], told["feedback_note"], html)
        return
    outcomes = queries.outcomes(db, found.id)
    out = console()
    _head(out, told)
    out.print(results_table(outcomes))
    if compared:
        comparison.show(out, compared)
    for heading, grid in _tables(told)[2 if compared else 0 :]:
        if grid.rows:
            out.print(Text(f"\n{heading}", style="bold"))
            out.print(grid)
    _foot(out, told)
    out.print(Text(f"\n{final_line(outcomes)}", style="bold"))


def _head(out: Console, told: Mapping[str, Any]) -> None:
    run = told["run"]
    state = "finished" if run["finished_at"] else f"unfinished: {told['unfinished']} still to do"
    facts = (f"run {run['id']}", run["dataset"], f"stillwater {run['version']}", state)
    out.print(Text("  ·  ".join(one_line(str(fact)) for fact in facts), style="bold"))
    if told["feedback_note"]:
        out.print(Text(told["feedback_note"]))
    for model in told["passed_over"]:
        out.print(Text(f"passed over: {one_line(str(model))}"))


def _tables(told: Mapping[str, Any]) -> list[tuple[str, Grid]]:
    return [
        ("Success at k attempts", _success(told["success_at_k"])),
        ("By repository", _repositories(told["repositories"])),
        ("By model (of a machine's last attempt)", _models(told["models"])),
        ("How machines ended", _endings(told["endings"])),
        ("World failures (no attempt spent)", _failures(told["world_failures"]["reasons"])),
        ("Configuration", _config(told["config"])),
    ]


def _success(rows: Sequence[Mapping[str, Any]]) -> Grid:
    grid = Grid(
        ("k", "verified", "of", "share", "arm"), frozenset({"k", "verified", "of", "share"})
    )
    for row in rows:
        share = percentage(row["verified"], row["total"])
        grid.add(str(row["k"]), str(row["verified"]), str(row["total"]), share, row["arm"])
    return grid


def _repositories(rows: Sequence[Mapping[str, Any]]) -> Grid:
    right = frozenset({"verified", "failed", "of", "share"})
    grid = Grid(("repository", "verified", "failed", "of", "share", "arm"), right)
    for row in rows:
        grid.add(
            row["repo"] or "–",
            str(row["verified"]),
            str(row["failed"]),
            str(row["total"]),
            percentage(row["verified"], row["total"]),
            row["arm"],
        )
    return grid


def _models(rows: Sequence[Mapping[str, Any]]) -> Grid:
    columns = ("model", "verified", "of", "calls", "prompt tokens", "cached", "completion", "time")
    grid = Grid(columns, frozenset(columns[1:]))
    for row in rows:
        share = row["cached_share"]
        grid.add(
            row["model"] or "–",
            str(row["verified"]),
            str(row["machines"]),
            number(row["calls"]),
            number(row["prompt_tokens"]),
            "–" if share is None else f"{share:.0%}",
            number(row["completion_tokens"]),
            duration(row["seconds"]),
        )
    return grid


def _endings(rows: Sequence[Mapping[str, Any]]) -> Grid:
    grid = Grid(("machines", "verdict", "event", "reason"), frozenset({"machines"}))
    for row in rows:
        grid.add(str(row["machines"]), row["state"].lower(), row["event"], row["reason"] or "")
    return grid


def _failures(rows: Sequence[Mapping[str, Any]]) -> Grid:
    right = frozenset({"defers", "machines", "waited"})
    grid = Grid(("defers", "machines", "waited", "reason"), right)
    for row in rows:
        waited = duration(row["waiting_seconds"])
        grid.add(str(row["defers"]), str(row["machines"]), waited, row["reason"] or "")
    return grid


def _config(config: Mapping[str, Any]) -> Grid:
    grid = Grid(("setting", "value"))
    for name in TOLD:
        if name in config:
            value = config[name]
            grid.add(name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
    return grid


def _foot(out: Console, told: Mapping[str, Any]) -> None:
    seconds = told["seconds"]
    parts = (
        [f"a machine's median {duration(seconds['median'])}"]
        if seconds["median"] is not None
        else []
    )
    parts.append(f"all steps {duration(seconds['total'])}")
    parts += [f"wall {duration(seconds['wall'])}"] if seconds["wall"] is not None else []
    out.print(Text(f"\nTime: {', '.join(parts)}"))
    failures = told["world_failures"]
    if failures["defers"]:
        waited = duration(failures["waiting_seconds"])
        out.print(Text(f"World failures: deferred {failures['defers']}×, waited {waited}"))
