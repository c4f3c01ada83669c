"""`stillwater status`: the runs of a database, and what the unfinished one is doing now."""

import os
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from stillwater.cli import reader
from stillwater.cli.plain import Grid, console
from stillwater.cli.reader import DEFAULT_DB, Db, flag_of
from stillwater.errors import InputError
from stillwater.machine import FINAL, Event, State
from stillwater.rounding import duration
from stillwater.store import MachineRow, RunRow, Store
from stillwater.store.lease import boot_id, holder, is_silent
from stillwater.telling.facts import facts
from stillwater.telling.text import one_line
from stillwater.where import Database

SHOWN = 30


def command(db: Db = DEFAULT_DB) -> None:
    """List the runs, newest first, and what the unfinished one is doing."""
    with reader.open_store(db) as store:
        runs = store.runs()
        if not runs:
            raise InputError(f"{db} holds no run yet; start one with `stillwater run`")
        machines = {run.id: store.machines(run.id) for run in runs}
        out = console()
        out.print(_runs(runs, machines))
        unfinished = [run for run in runs if run.finished_at is None]
        if unfinished:
            _now(out, store, unfinished, machines, db)


def _runs(runs: Sequence[RunRow], machines: Mapping[str, Sequence[MachineRow]]) -> Grid:
    grid = Grid(("run", "started", "dataset", "model", "machines", "finished"))
    for run in runs:
        rows = machines[run.id]
        models = dict.fromkeys(row.model for row in rows)
        finished = reader.local(run.finished_at) if run.finished_at else "unfinished"
        grid.add(
            run.id,
            reader.local(run.created_at),
            run.dataset,
            ", ".join(models) or "–",
            _by_state(rows),
            finished,
        )
    return grid


def _by_state(rows: Sequence[MachineRow]) -> str:
    count = Counter(State(row.state) for row in rows)
    told = [f"{count[state]} {state.value}" for state in reversed(State) if count[state]]
    return f"{len(rows)}: {', '.join(told)}" if told else "0"


def _now(
    out: Console,
    store: Store,
    runs: Sequence[RunRow],
    machines: Mapping[str, Sequence[MachineRow]],
    db: Database,
) -> None:
    """The unfinished runs: who works on them, and what each does."""
    found = holder(db)
    lives = None if found is None else alive(found)
    held = found.get("run") if found else None
    run = next((run for run in runs if run.id == held), runs[0])
    out.print(Text(_scheduler(found, lives, f"stillwater resume {run.id}{flag_of(db)}")))
    for run in runs:
        if len(runs) > 1:
            out.print(Text(f"Run {run.id}:"))
        _under_way(out, store, machines[run.id])


def _under_way(out: Console, store: Store, rows: Sequence[MachineRow]) -> None:
    active = [row for row in rows if row.state not in FINAL]
    begun = [row for row in active if row.seq]
    if begun:
        out.print(_active(store, begun[:SHOWN]))
    told = [f"{len(begun) - SHOWN} more under way"] if len(begun) > SHOWN else []
    told += [f"{len(active) - len(begun)} not begun"] if len(active) > len(begun) else []
    if told:
        out.print(Text(", ".join(told)))


def _active(store: Store, rows: Sequence[MachineRow]) -> Grid:
    grid = Grid(("instance", "state", "attempt", "for", "last"), frozenset({"attempt", "for"}))
    now = datetime.now(UTC)
    for row in rows:
        past = store.history(row.id)[-1]
        last = f"{past.event.value}: {facts(past.event, past.evidence)}"
        if past.event is Event.DEFER and row.not_before and row.not_before > now:
            last = f"waits until {reader.local(row.not_before)}; {last}"
        since = max(0.0, (now - row.updated_at).total_seconds())
        grid.add(row.instance_id, row.state, str(row.attempt), duration(since), one_line(last, 120))
    return grid


def _scheduler(found: Mapping[str, Any] | None, lives: bool | None, resume: str) -> str:
    if found is None:
        return f"No scheduler works on it. Go on with: {resume}"
    if found.get("connected") and "pid" not in found:
        return "A scheduler works on it."
    who = one_line(
        f"pid {found.get('pid')} on {found.get('host')}, since {found.get('started_at')}"
    )
    if lives is None:
        return f"The lease is held by {who}; whether that process lives can't be seen from here."
    if lives and is_silent(found):
        return f"The scheduler that works on it ({who}) is paused. Take over with: {resume}"
    if lives:
        return f"A scheduler works on it: {who}."
    return f"The scheduler that worked on it ({who}) is gone. Go on with: {resume}"


def alive(found: Mapping[str, Any]) -> bool | None:
    """Whether the process that holds, or held, the lease lives; None where that can't be told."""
    if found.get("connected"):
        return True
    pid = found.get("pid")
    if (booted := found.get("boot_id")) and boot_id() and booted != boot_id():
        return False if found.get("host") == socket.gethostname() else None
    if found.get("host") != socket.gethostname() or not isinstance(pid, int) or pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
