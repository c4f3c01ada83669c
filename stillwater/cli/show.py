"""`stillwater show`: what happened to one machine, step by step, and every artifact of it."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from stillwater.cli import reader
from stillwater.cli.plain import Grid, console
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.errors import InputError
from stillwater.machine import State
from stillwater.rounding import duration
from stillwater.store import MachineRow, RunRow, Store
from stillwater.store.queries import Step, timeline
from stillwater.telling.facts import facts
from stillwater.telling.machines import artifacts_of, patch_of, setting
from stillwater.telling.results import FEEDBACK_NOTES, verdict
from stillwater.telling.text import one_line, printable

NAMES = {
    "prompt": ("prompt",),
    "completion": ("completion",),
    "patch": ("patch",),
    "log": ("log", "traceback"),
    "feedback": ("feedback", "failing"),
}
"""The names that each kind of artifact has in the evidence."""

COLUMNS = ("seq", "time", "attempt", "transition", "took")
RIGHT = frozenset({"seq", "attempt", "took"})
INDENT = 5


def command(
    instance: Annotated[str, typer.Argument(help="An instance's id, or a part only it has.")],
    *,
    run: Annotated[str | None, typer.Option("--run", help="Of this run, not the newest.")] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Where a run has several.")] = None,
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", min=0, help="0 is the baseline; default: the last that has it."),
    ] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="What the model was asked.")] = False,
    completion: Annotated[
        bool, typer.Option("--completion", help="What the model answered.")
    ] = False,
    patch: Annotated[bool, typer.Option("--patch", help="The edits as a unified diff.")] = False,
    log: Annotated[bool, typer.Option("--log", help="What the tests printed.")] = False,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="What the model was told of the failure.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="With one of these: its bytes as stored.")
    ] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Show what happened to one instance, step by step; or one prompt, answer, patch or log."""
    flags = {
        "prompt": prompt,
        "completion": completion,
        "patch": patch,
        "log": log,
        "feedback": feedback,
    }
    asked = [kind for kind, given in flags.items() if given]
    if len(asked) > 1:
        raise InputError(f"--{' and --'.join(asked)}: show one of them at a time")
    with reader.open_store(db) as store:
        found, machine = reader.machine_of(store, instance, run, arm)
        steps = timeline(db, machine.id)
        if asked:
            content = store.artifact(_chosen(machine.instance_id, steps, asked[0], attempt))
            _write(asked[0], content, raw)
            return
        shown = [step for step in steps if attempt is None or _attempt(step) == attempt]
        _timeline(console(), store, found, machine, shown)


def _attempt(step: Step) -> int:
    """The attempt that a step belongs to; READ comes before the first."""
    return 0 if step.source is State.READ else step.attempt


def _chosen(instance_id: str, steps: Sequence[Step], kind: str, attempt: int | None) -> str:
    """The digest of that kind of artifact of the attempt, or of the last one that has it."""
    found: dict[int, str] = {}
    for step in steps:
        named = artifacts_of(step)
        for name in NAMES[kind]:
            if name in named:
                found[_attempt(step)] = named[name]
                break
    if attempt is None and found:
        return found[max(found)]
    if attempt in found:
        return found[attempt]
    if not found:
        raise InputError(f"{instance_id} has no {kind} in any attempt")
    listed = ", ".join(map(str, sorted(found)))
    raise InputError(
        f"{instance_id} has no {kind} of attempt {attempt}; attempts that have one: {listed}"
    )


def _write(kind: str, content: bytes, raw: bool) -> None:
    if raw or (kind == "patch" and not sys.stdout.isatty()):
        # `git apply` must get every byte, also a carriage return or form feed of the sources.
        typer.echo(content, nl=False)
        return
    text = content.decode("utf-8", "replace")
    text = printable(_messages(text) if kind == "prompt" else text)
    typer.echo(text, nl=not text.endswith("\n"))


def _messages(text: str) -> str:
    """The prompt as a person reads it."""
    try:
        listed = json.loads(text)
        return "\n\n".join(f"[{one['role']}]\n{one['content']}" for one in listed)
    except (ValueError, KeyError, TypeError):
        return text


def _timeline(
    out: Console, store: Store, run: RunRow, machine: MachineRow, steps: Sequence[Step]
) -> None:
    head = [machine.instance_id, verdict(machine.state), f"attempt {machine.attempt}"]
    head += [f"run {run.id}", *([] if machine.arm == "default" else [f"arm {machine.arm}"])]
    out.print(Text("  ".join(one_line(part) for part in head), style="bold"))
    note = FEEDBACK_NOTES.get(str(setting(run, machine.arm, "feedback")))
    if note:
        out.print(Text(note, style="dim"))
    if not steps:
        out.print(Text("No step has ended yet."))
    elif out.is_terminal:
        _in_terminal(out, steps)
    else:
        grid = Grid((*COLUMNS, "what matters"), RIGHT)
        for step in steps:
            grid.add(*_cells(step), facts(step.event, step.evidence))
        out.print(grid)
    sha256 = patch_of(steps, verified=True)
    if sha256:
        text = printable(store.artifact(sha256).decode("utf-8", "replace")).rstrip("\n")
        out.print(Text("\nThe verified patch:", style="bold"))
        out.print(
            Syntax(text, "diff", background_color="default", word_wrap=True)
            if out.is_terminal
            else Text(text)
        )


def _in_terminal(out: Console, steps: Sequence[Step]) -> None:
    """What matters goes below each step: beside it, 80 columns leave no room."""
    grid = Grid(COLUMNS, RIGHT)
    for step in steps:
        grid.add(*_cells(step))
    heading, *lines = grid.lines()
    out.print(Text(heading, style="bold"))
    for step, line in zip(steps, lines, strict=True):
        out.print(Text(line))
        told = facts(step.event, step.evidence)
        if told:
            out.print(Padding(Text(told, style="dim"), (0, 0, 0, INDENT)))


def _cells(step: Step) -> tuple[str, ...]:
    return (
        str(step.seq),
        reader.local(step.started_at),
        str(step.attempt),
        f"{step.source.value} --{step.event.value}--> {step.target.value}",
        duration(step.seconds),
    )
