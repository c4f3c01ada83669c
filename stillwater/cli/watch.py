"""Driving a run while a person watches: progress on the screen, log lines in the run's folder."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import NoReturn

from rich.console import Console

from stillwater import logs, runs
from stillwater.cli.plain import warn
from stillwater.cli.progress import Progress
from stillwater.machine import State
from stillwater.sandbox import Sandbox
from stillwater.steps import STEPS, Step
from stillwater.store import Store


def drive(
    place: runs.Place,
    store: Store,
    run_id: str,
    sandbox: Sandbox,
    screen: Console,
    verbose: bool,
    steps: Mapping[State, Step] = STEPS,
) -> runs.Stopped:
    """Drive the run to its end; what stopped it before, if anything did.

    What a person must see to is told on stderr.
    """
    machines = store.machines(run_id)
    has_arms = len({row.arm for row in machines}) > 1
    watched = [
        (
            row.id,
            f"{row.instance_id}  {row.arm}" if has_arms else row.instance_id,
            row.state,
            row.attempt,
        )
        for row in machines
    ]
    log = logs.to_run_folder(place.folder / "runs" / run_id, warn if verbose else None)
    with log, Progress(watched, run_id, machines[0].model, screen) as progress:
        stopped = runs.drive(place, store, run_id, sandbox, progress, steps)
    if stopped.blocked:
        warn(f"stillwater: {stopped.blocked}")
    return stopped


def leave(code: int) -> NoReturn:
    """End the process at once: threads that wait for a model must not keep it."""
    for number in runs.STOPPING:
        signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)
