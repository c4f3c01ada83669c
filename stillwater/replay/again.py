"""The new run that a replay is: the recorded one's instances, arms and configuration."""

import os
from typing import get_args

from stillwater import __version__, preflight, runs
from stillwater.canonical import Json
from stillwater.config import Config, frozen
from stillwater.errors import InputError
from stillwater.own import is_own
from stillwater.replay.record import Record
from stillwater.sandbox.choose import Kind
from stillwater.sandbox.protocol import Sandbox
from stillwater.store import Store


def begin(place: runs.Place, store: Store, record: Record, sandbox: str | None = None) -> Sandbox:
    """Write the run that replays `record`, under the same id, and have its sandbox ready.

    `sandbox` is a kind to use instead of the recorded one.

    Raises:
        InputError: it can't run here: no such sandbox, log parser or local repository.
    """
    run, instances = record.run, record.dataset.instances
    config = frozen(run.config)
    if sandbox is not None and sandbox not in get_args(Kind):
        raise InputError(f"--sandbox {sandbox}: there are {', '.join(get_args(Kind))}")
    if sandbox is not None:
        config = config.model_copy(update={"sandbox": sandbox})
    preflight.check_instances(instances, place.repositories(config))
    path = os.environ.get("PATH") if all(map(is_own, instances)) else None
    chosen = runs.sandbox_of(place, config, path)
    preflight.check_sandbox(instances, chosen.kind)
    # The heads of a replay are nobody's evidence.
    changes: dict[str, Json] = {
        "sandbox": chosen.kind,
        "sandbox_slots": _slots(config),
        "heads_git": None,
    }
    store.create_run(
        run_id=run.id,
        dataset=run.dataset,
        dataset_sha256=run.dataset_sha256,
        config={**run.config, **changes},
        version=__version__,
        rows=record.dataset.rows,
        arms=tuple(dict.fromkeys(arm for _, arm in record.machines)),
        model=next(iter(record.machines.values())).model,
    )
    return chosen


def _slots(config: Config) -> int:
    """As many tests at once as then, but no more than this machine has processors for."""
    return min(config.sandbox_slots, os.cpu_count() or 1)
