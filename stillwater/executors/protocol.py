"""What an executor promises: steps are carried out somewhere, each to an end that is told once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from stillwater.seal import Sealed
from stillwater.slots import Slot
from stillwater.snapshot import Outcome, Snapshot


@dataclass(frozen=True)
class Ended:
    """How a step ended.

    Without an outcome it was cancelled, and has no result. `needs_a_person` is what someone must
    see to before any step can go on. `model_failed`: its model's server gave no answer. `spent` is
    what it has waited for too often, though nobody was served meanwhile.
    """

    outcome: Outcome | None
    sealed: Sealed
    needs_a_person: str | None = None
    model_failed: bool = False
    spent: str | None = None


Tell = Callable[[Ended], None]


class Executor(Protocol):
    """Carries out steps somewhere else. One scheduler uses it, from one thread."""

    def limits(self) -> Mapping[Slot, int]:
        """How many steps of each kind may be under way now, each at least 1; it may change."""

    def submit(self, snapshot: Snapshot, tell: Tell) -> None:
        """Carry out the step of the snapshot's state soon; `tell` is called once, in any thread."""

    def cancel(self) -> None:
        """Stop what is under way; none of it, and nothing that comes later, has a result."""

    def close(self) -> None:
        """No further step will come."""
