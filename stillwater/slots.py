"""What a step occupies while it runs, and how many of each kind a configuration allows at once."""

from collections.abc import Mapping
from enum import Enum

from stillwater.config import Config
from stillwater.machine import State


class Slot(Enum):
    """A kind of step, by what it keeps busy.

    READ has a kind of its own, for it may wait long for an image or a clone, and must not keep a
    slot then that a test could use. Its tests and those of TEST share what `Tools.slot` allows.
    """

    PREPARE = "prepare"
    MODEL = "model"
    SANDBOX = "sandbox"
    CPU = "cpu"


SLOT_OF: Mapping[State, Slot] = {
    State.READ: Slot.PREPARE,
    State.GENERATE: Slot.MODEL,
    State.APPLY: Slot.CPU,
    State.TEST: Slot.SANDBOX,
    State.REFINE: Slot.CPU,
}


def limits(config: Config) -> dict[Slot, int]:
    """How many steps of each kind may run at once on this machine."""
    return {
        Slot.PREPARE: config.sandbox_slots,
        Slot.MODEL: config.model_slots,
        Slot.SANDBOX: config.sandbox_slots,
        Slot.CPU: 1,
    }
