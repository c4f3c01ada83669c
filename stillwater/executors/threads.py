"""Steps on threads of this process: daemons, so that one that can't be stopped never keeps it."""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwater.executors.protocol import Tell
from stillwater.executors.workshop import Workshop
from stillwater.slots import Slot
from stillwater.snapshot import Snapshot


@dataclass
class ThreadExecutor:
    """Carries out steps of `workshop` on as many threads as `slots` allows steps at once."""

    workshop: Workshop
    slots: Mapping[Slot, int]
    _calls: "queue.SimpleQueue[tuple[Snapshot, Tell] | None]" = field(
        default_factory=queue.SimpleQueue, init=False
    )

    def __post_init__(self) -> None:
        for number in range(self._threads):
            threading.Thread(target=self._work, daemon=True, name=f"step-{number}").start()

    @property
    def _threads(self) -> int:
        return sum(self.slots.values())

    def limits(self) -> Mapping[Slot, int]:
        """As they were given."""
        return self.slots

    def submit(self, snapshot: Snapshot, tell: Tell) -> None:
        """Carry it out on the first thread that is free."""
        self._calls.put((snapshot, tell))

    def cancel(self) -> None:
        """Kill all tests that run; what a model is asked is waited for by no one."""
        self.workshop.cancel()

    def close(self) -> None:
        """Let each thread end after its last step."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while call := self._calls.get():
            snapshot, tell = call
            tell(self.workshop.perform(snapshot))
