"""Which machine is next: those in progress before new ones, none before its time, within slots."""

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum

from stillwater.config import Config
from stillwater.machine import State
from stillwater.store import MachineRow

LONGEST_WAIT = 300.0
"""Seconds that a machine waits at most, whatever the world did to it."""


class Slot(Enum):
    """What a step occupies while it runs.

    READ has a kind of its own, for it may wait long for an image or a clone, and must not keep a
    slot then that a test could use. Its tests and those of TEST share what `Tools.slot` allows.
    """

    PREPARE = "prepare"
    MODEL = "model"
    SANDBOX = "sandbox"
    CPU = "cpu"


SLOT_OF = {
    State.READ: Slot.PREPARE,
    State.GENERATE: Slot.MODEL,
    State.APPLY: Slot.CPU,
    State.TEST: Slot.SANDBOX,
    State.REFINE: Slot.CPU,
}


def limits(config: Config) -> dict[Slot, int]:
    """How many steps of each kind may run at once."""
    return {
        Slot.PREPARE: config.sandbox_slots,
        Slot.MODEL: config.model_slots,
        Slot.SANDBOX: config.sandbox_slots,
        Slot.CPU: 1,
    }


class Ready:
    """The machines that wait for a slot or for their time, and those that run.

    `limits` says how many steps of each kind may run at once. New machines begin only while few are
    in progress: reading far ahead of the model helps nobody, and a few a slot keep every slot busy.
    """

    def __init__(self, limits: Mapping[Slot, int]) -> None:
        self._most_begun = 4 * limits[Slot.MODEL] + 2 * limits[Slot.SANDBOX]
        self._waiting: dict[Slot, list[tuple[bool, int]]] = {slot: [] for slot in Slot}
        self._delayed: list[tuple[datetime, int, Slot, bool]] = []
        self._running: dict[int, Slot] = {}
        self._free = dict(limits)
        self._begun: set[int] = set()

    @property
    def running(self) -> bool:
        """Whether any step runs."""
        return bool(self._running)

    def add(self, row: MachineRow, now: datetime) -> None:
        """The machine may take its next step, at once or at its `not_before`."""
        slot, is_new = SLOT_OF[row.state], row.seq == 0
        if row.not_before is not None and not _due(row.not_before, now):
            heapq.heappush(self._delayed, (row.not_before, row.id, slot, is_new))
            self._begun.discard(row.id)
            return
        if not is_new:
            self._begun.add(row.id)
        heapq.heappush(self._waiting[slot], (is_new, row.id))

    def take(self, now: datetime) -> Iterator[int]:
        """The machines whose steps may start now; each counts as running from then on."""
        while self._delayed and _due(self._delayed[0][0], now):
            _, machine_id, slot, is_new = heapq.heappop(self._delayed)
            heapq.heappush(self._waiting[slot], (is_new, machine_id))
        for slot, waiting in self._waiting.items():
            while waiting and self._free[slot]:
                if waiting[0][0] and len(self._begun) >= self._most_begun:
                    break
                _, machine_id = heapq.heappop(waiting)
                self._running[machine_id] = slot
                self._free[slot] -= 1
                self._begun.add(machine_id)
                yield machine_id

    def ended(self, machine_id: int) -> None:
        """The machine's step no longer runs."""
        self._free[self._running.pop(machine_id)] += 1

    def forget(self, machine_id: int) -> None:
        """The machine is final."""
        self._begun.discard(machine_id)

    def seconds_to_next(self, now: datetime) -> float | None:
        """How long until a delayed machine's time comes; None if none is delayed."""
        if not self._delayed:
            return None
        first = self._delayed[0][0]
        return 0.0 if _due(first, now) else (first - now).total_seconds()


def _due(not_before: datetime, now: datetime) -> bool:
    """Whether that time has come; one too far ahead was set by a clock that has been set back."""
    return not now < not_before <= now + timedelta(seconds=LONGEST_WAIT)
