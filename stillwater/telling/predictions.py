"""What the machines of a run made: their patches, and these as SWE-bench's predictions."""

from collections.abc import Iterator, Sequence

from stillwater.errors import InputError
from stillwater.machine import State
from stillwater.store import MachineRow, RunRow, Store, queries
from stillwater.telling.machines import patch_of, setting
from stillwater.where import Database


def prediction(run: RunRow, machine: MachineRow, patch: bytes) -> dict[str, str]:
    """One prediction in SWE-bench's form."""
    return {
        "instance_id": machine.instance_id,
        "model_name_or_path": model_name(run, machine),
        "model_patch": patch.decode("utf-8", "replace"),
    }


def model_name(run: RunRow, machine: MachineRow) -> str:
    """What predictions call the maker: version, model, and the mode where it showed the tests."""
    mode = "+tests-feedback" if setting(run, machine.arm, "feedback") == "tests" else ""
    return f"stillwater-{run.version}+{'+'.join(models_of(run, machine))}{mode}"


def models_of(run: RunRow, machine: MachineRow) -> list[str]:
    """The models that make the attempts of its arm: several where the chain moves on.

    The harness takes predictions of two names for two systems, so that of a chain is of them all.
    """
    chain = setting(run, machine.arm, "models")
    moves_on = setting(run, machine.arm, "model_attempts") is not None
    return [str(one) for one in chain] if moves_on and isinstance(chain, list) else [machine.model]


def of_arm(machines: Sequence[MachineRow], run: RunRow, arm: str | None) -> list[MachineRow]:
    """The machines of that arm; InputError for none such, or where several need a choice."""
    arms = dict.fromkeys(machine.arm for machine in machines)
    if arm is None and len(arms) > 1:
        raise InputError(f"run {run.id} has the arms {', '.join(arms)}: choose one with --arm")
    if arm is not None and arm not in arms:
        raise InputError(f"run {run.id} has no arm {arm}; it has {', '.join(arms)}")
    return [machine for machine in machines if arm in {None, machine.arm}]


def patches_of(
    store: Store, db: Database, run: RunRow, arm: str | None, *, last: bool
) -> Iterator[tuple[MachineRow, bytes]]:
    """Each machine of the arm with its verified patch; empty, or with `last` the last applied."""
    for machine in of_arm(store.machines(run.id), run, arm):
        sha256 = None
        if last or machine.state is State.VERIFIED:
            sha256 = patch_of(queries.timeline(db, machine.id), verified=not last)
        yield machine, store.artifact(sha256) if sha256 else b""
