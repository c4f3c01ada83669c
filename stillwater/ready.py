"""Which machine is next: those in progress before new ones, none before its time, within slots."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product

from stillwater.executors.workshop import LONGEST_WAIT
from stillwater.models.pool import Pool
from stillwater.slots import SLOT_OF, Slot
from stillwater.store import MachineRow


class Ready:
    """The machines that wait for a slot or for their time, and those that run.

    `limits` says how many steps of each kind may run at once. New machines begin only while few are
    in progress: reading far ahead of the model helps nobody, and a few a slot keep every slot busy.
    With a `pool`, a step that has a prefix also needs one of its endpoints. Of two prompts with one
    prefix the second waits while another may begin: a server that reads both at once keeps neither
    for the other.
    """

    def __init__(self, limits: Mapping[Slot, int], pool: Pool | None = None) -> None:
        self._pool = pool
        self._prefixes: dict[int, str] = {}
        self._endpoints: dict[int, str] = {}
        self._under_way: Counter[str] = Counter()
        self._limits: Mapping[Slot, int] = dict.fromkeys(Slot, 0)
        self._free = dict(self._limits)
        self._waiting: dict[Slot, list[tuple[bool, int]]] = {slot: [] for slot in Slot}
        self._delayed: list[tuple[datetime, int, Slot, bool]] = []
        self._running: dict[int, Slot] = {}
        self._begun: set[int] = set()
        self.limit(limits)

    def limit(self, limits: Mapping[Slot, int]) -> None:
        """So many steps of each kind may run from now on; those that run too many end first."""
        if limits == self._limits:
            return
        for slot in Slot:
            self._free[slot] += limits[slot] - self._limits[slot]
        self._limits = limits
        self._most_begun = 4 * limits[Slot.MODEL] + 2 * limits[Slot.SANDBOX]

    @property
    def running(self) -> bool:
        """Whether any step runs."""
        return bool(self._running)

    def add(self, row: MachineRow, now: datetime, prefix: str | None = None) -> None:
        """The machine may take its next step, at once or at its `not_before`.

        `prefix` names what its prompt begins with, if it shares a server with others.
        """
        slot, is_new = SLOT_OF[row.state], row.seq == 0
        if prefix is not None:
            self._prefixes[row.id] = prefix
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
            if slot is Slot.MODEL:
                yield from self._take_by_prefix()
                continue
            while waiting and self._free[slot] > 0:
                if waiting[0][0] and len(self._begun) >= self._most_begun:
                    break
                _, machine_id = heapq.heappop(waiting)
                yield self._begin(machine_id, slot)

    def endpoint(self, machine_id: int) -> str | None:
        """The endpoint that the machine's running step is to ask, if it's one of a pool's."""
        return self._endpoints.get(machine_id)

    def ended(self, machine_id: int) -> None:
        """The machine's step no longer runs."""
        self._free[self._running.pop(machine_id)] += 1
        if (prefix := self._prefixes.pop(machine_id, None)) is not None:
            self._under_way[prefix] -= 1
        self._endpoints.pop(machine_id, None)

    def forget(self, machine_id: int) -> None:
        """The machine is final."""
        self._begun.discard(machine_id)

    def seconds_to_next(self, now: datetime) -> float | None:
        """How long until a delayed machine's time comes; None if none is delayed."""
        if not self._delayed:
            return None
        first = self._delayed[0][0]
        return 0.0 if _due(first, now) else (first - now).total_seconds()

    def _begin(self, machine_id: int, slot: Slot) -> int:
        self._running[machine_id] = slot
        self._free[slot] -= 1
        self._begun.add(machine_id)
        if (prefix := self._prefixes.get(machine_id)) is not None:
            self._under_way[prefix] += 1
        return machine_id

    def _take_by_prefix(self) -> Iterator[int]:
        """First those that find their prefix where they begin; then the others: none idles."""
        waiting = self._waiting[Slot.MODEL]
        places = (False, True) if self._pool else (True,)
        for alone, anywhere in product((True, False), places):
            passed = []
            while waiting and self._free[Slot.MODEL] > 0:
                first = heapq.heappop(waiting)
                if self._may_begin(first[1], alone=alone, anywhere=anywhere):
                    yield self._begin(first[1], Slot.MODEL)
                else:
                    passed.append(first)
            for one in passed:
                heapq.heappush(waiting, one)

    def _may_begin(self, machine_id: int, *, alone: bool, anywhere: bool) -> bool:
        prefix = self._prefixes.get(machine_id)
        if prefix is None:
            return True
        if alone and self._under_way[prefix]:
            return False
        if self._pool is not None:
            url = self._pool.take(prefix, anywhere=anywhere)
            if url is None:
                return False
            self._endpoints[machine_id] = url
        return True


def _due(not_before: datetime, now: datetime) -> bool:
    """Whether that time has come; one too far ahead was set by a clock that has been set back."""
    return not now < not_before <= now + timedelta(seconds=LONGEST_WAIT)
