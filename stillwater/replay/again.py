"""The new run that a replay is: the recorded one's instances, arms and configuration."""

import os
from typing import get_args

from stillwater import __version__, plans, runs
from stillwater.canonical import Json
from stillwater.config import frozen
from stillwater.errors import InputError
from stillwater.replay.record import Record
from stillwater.sandbox.choose import Kind
from stillwater.sandbox.protocol import Sandbox
from stillwater.store import MachineRow, RunRow, Store


def prepare(place: runs.Place, record: Record, sandbox: str | None = None) -> Sandbox:
    """The sandbox to replay `record` in, ready; all is checked before anything is written.

    `sandbox` is a kind to use instead of the recorded one.

    Raises:
        InputError: it can't run here: no such sandbox, log parser or local repository.
    """
    config, instances = frozen(record.run.config), record.dataset.instances
    if sandbox is not None and sandbox not in get_args(Kind):
        raise InputError(f"--sandbox {sandbox}: there are {', '.join(get_args(Kind))}")
    if sandbox is not None:
        config = config.model_copy(update={"sandbox": sandbox})
    return plans.sandbox_again(place, config, instances)


def begin(store: Store, record: Record, sandbox: Sandbox) -> None:
    """Write the run that replays `record`, under the same id."""
    run = record.run
    changes: dict[str, Json] = {
        "sandbox": sandbox.kind,
        "sandbox_slots": _slots(run.config.get("sandbox_slots")),
        # The heads of a replay are nobody's evidence.
        "heads_git": None,
        # No server is asked, and those of then may be gone or serve something else.
        "endpoints": [],
    }
    store.create_run(
        run_id=run.id,
        dataset=run.dataset,
        dataset_sha256=run.dataset_sha256,
        config={**run.config, **changes},
        version=__version__,
        rows=record.dataset.rows,
        arms={arm: _first(run, machine) for (_, arm), machine in record.machines.items()},
    )


def _first(run: RunRow, machine: MachineRow) -> str:
    """The model that the machines of its arm began with; theirs changes only along a chain."""
    config = frozen(run.config, machine.arm)
    return machine.model if config.model_attempts is None else config.models[0]


def _slots(recorded: Json) -> int:
    """As many tests at once as then, but no more than this machine has processors for."""
    here = os.cpu_count() or 1
    return min(recorded, here) if isinstance(recorded, int) else here
