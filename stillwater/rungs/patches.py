"""The verified patches of a run, and the sandbox that their tests are run again in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from stillwater import plans
from stillwater.config import Config, frozen
from stillwater.datasets import Instance, instance_of
from stillwater.errors import InputError
from stillwater.machine import Event, State
from stillwater.models.client import LitellmClient
from stillwater.rungs.model import Asked
from stillwater.sandbox import brief
from stillwater.snapshot import Past, Snapshot
from stillwater.steps import Tools
from stillwater.store import MachineRow


@dataclass(frozen=True)
class Verified:
    """A verified machine: its instance, its patch and what it was repaired with."""

    row: MachineRow
    instance: Instance
    config: Config
    sha256: str
    patch: str
    past: Sequence[Past]

    def snapshot(self) -> Snapshot:
        """What a test run of it is given, whatever the model was told of the tests."""
        row, settings = self.row, self.config.model_copy(update={"feedback": "tests"})
        return Snapshot(
            row.run_id, row.id, row.arm, self.instance, settings, State.TEST, row.attempt,
            row.model, tuple(self.past),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.row.instance_id} ({self.row.arm})"


def verified(asked: Asked, rows: Sequence[MachineRow]) -> list[Verified]:
    """Those of the machines that are verified, with their patches."""
    return [_verified(asked, row) for row in rows if row.state is State.VERIFIED]


def _verified(asked: Asked, row: MachineRow) -> Verified:
    store, run = asked.store, asked.run
    past = store.history(row.id)
    applied = next(one for one in reversed(past) if one.event is Event.APPLIED)
    sha256 = applied.artifacts["patch"]
    return Verified(
        row,
        instance_of(store.instance(run.dataset_sha256, row.instance_id)),
        frozen(run.config, row.arm),
        sha256,
        store.artifact(sha256).decode("utf-8", "replace"),
        past,
    )


def arms_of(asked: Asked) -> list[str]:
    """The arms of the run, in their order."""
    return list(dict.fromkeys(row.arm for row in asked.store.machines(asked.run.id)))


def one_arm(asked: Asked, arm: str) -> str:
    """That arm, if the run has it; raises InputError."""
    arms = arms_of(asked)
    if arm not in arms:
        raise InputError(f"run {asked.run.id} has no arm {arm}; it has {', '.join(arms)}")
    return arm


@contextmanager
def tools(asked: Asked, patches: Sequence[Verified]) -> Iterator[Tools]:
    """What the patches' tests are run with: the run's cache, a sandbox as it had.

    Raises:
        InputError: they can't run here: no such sandbox, log parser or local repository.
    """
    place, config = asked.place, frozen(asked.run.config)
    sandbox = plans.sandbox_again(place, config, [one.instance for one in patches])
    with brief(sandbox):
        yield Tools(place.repositories(config), sandbox, LitellmClient(None, None))
