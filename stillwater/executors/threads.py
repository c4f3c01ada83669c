"""Steps on threads of this process: daemons, so that one that can't be stopped never keeps it."""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwater.background import begin
from stillwater.executors.protocol import Tell
from stillwater.executors.workshop import Workshop
from stillwater.memory import give_up
from stillwater.slots import Slot
from stillwater.snapshot import Snapshot


@dataclass
class ThreadExecutor:
    """Carries out steps of `workshop`, each on a thread; at most `slots` of each kind at once."""

    workshop: Workshop
    slots: Mapping[Slot, int]
    _calls: "queue.SimpleQueue[tuple[Snapshot, Tell] | None]" = field(
        default_factory=queue.SimpleQueue, init=False
    )

    _threads: int = field(default=0, init=False)
    _free: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def limits(self) -> Mapping[Slot, int]:
        """As they were given."""
        return self.slots

    def submit(self, snapshot: Snapshot, tell: Tell) -> None:
        """Carry it out on the first thread that is free, or on one more."""
        with self._lock:
            if self._free:
                self._free -= 1
            else:
                self._threads += 1
                begin(self._work)
        self._calls.put((snapshot, tell))

    def cancel(self) -> None:
        """Kill all tests that run; what a model is asked is waited for by no one."""
        self.workshop.cancel()

    def close(self) -> None:
        """Let each thread end after its last step."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        try:
            while call := self._calls.get():
                snapshot, tell = call
                ended = self.workshop.perform(snapshot)
                with self._lock:
                    self._free += 1
                tell(ended)
        except MemoryError:
            give_up()  # or the scheduler would wait for this step without end
