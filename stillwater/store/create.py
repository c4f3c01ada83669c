"""Creating a run: its row, the instances it needs, a machine for each instance and arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from stillwater.canonical import Json, canonical
from stillwater.errors import InputError
from stillwater.machine import State
from stillwater.store import statements as sql
from stillwater.store.schema import instances, machines, runs


@dataclass(frozen=True)
class NewRun:
    """What a run starts from; see Store.create_run."""

    run_id: str
    dataset: str
    dataset_sha256: str
    config: Mapping[str, Json]
    version: str
    rows: Sequence[Mapping[str, Json]]
    arms: Mapping[str, str]
    """The model that each arm begins with."""


def create(connection: Connection, run: NewRun, now: str) -> None:
    """Write the whole run within the transaction that `connection` is in."""
    if connection.execute(sql.RUN, {"run_id": run.run_id}).first():
        raise InputError(f"there is a run {run.run_id} already: `stillwater resume` continues it")
    contents = _contents(run)
    connection.execute(
        insert(runs),
        {
            "id": run.run_id,
            "created_at": now,
            "dataset": run.dataset,
            "dataset_sha256": run.dataset_sha256,
            "config": canonical(run.config).decode(),
            "version": run.version,
        },
    )
    _add_instances(connection, run, contents)
    made = [
        {
            "run_id": run.run_id,
            "instance_id": instance_id,
            "arm": arm,
            "state": State.READ.value,
            "attempt": 1,
            "model": run.arms[arm],
            "created_at": now,
            "updated_at": now,
        }
        for number, instance_id in enumerate(contents)
        for arm in _in_turn(list(run.arms), number)
    ]
    if made:
        connection.execute(insert(machines), made)


def _in_turn(arms: Sequence[str], number: int) -> Sequence[str]:
    """All arms of one instance together, another of them first each time: what disturbs the machine
    for a while then disturbs all alike."""
    at = number % len(arms)
    return [*arms[at:], *arms[:at]]


def _contents(run: NewRun) -> dict[str, str]:
    contents: dict[str, str] = {}
    for number, row in enumerate(run.rows, 1):
        instance_id = row.get("instance_id")
        if not isinstance(instance_id, str) or not instance_id:
            raise InputError(f"row {number} of {run.dataset} has no instance_id")
        if instance_id in contents:
            raise InputError(f"row {number} of {run.dataset} repeats the instance {instance_id}")
        try:
            contents[instance_id] = canonical(row).decode()
        except (ValueError, TypeError) as error:
            raise InputError(f"row {number} of {run.dataset} isn't JSON: {error}") from error
    return contents


def _add_instances(connection: Connection, run: NewRun, contents: Mapping[str, str]) -> None:
    known = dict(connection.execute(sql.INSTANCES, {"dataset_sha256": run.dataset_sha256}).all())
    for instance_id, content in contents.items():
        if known.get(instance_id, content) != content:
            raise InputError(
                f"{run.dataset} has a known dataset's digest, but another {instance_id}"
            )
    missing = [
        {"dataset_sha256": run.dataset_sha256, "instance_id": instance_id, "content": content}
        for instance_id, content in contents.items()
        if instance_id not in known
    ]
    if missing:
        connection.execute(insert(instances), missing)
