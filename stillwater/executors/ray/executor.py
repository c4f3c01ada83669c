"""The scheduler's side: steps go to the driver, a child that is started again if it ends."""

import pickle
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from stillwater.errors import InputError, WorldError
from stillwater.executors.protocol import Ended, Tell
from stillwater.executors.ray.cluster import Cluster
from stillwater.executors.ray.wire import Cancel, Lost, Outfit, Refused, Result, Slots, Start, Step
from stillwater.executors.workshop import CANCELLED, deferred
from stillwater.slots import SLOT_OF, Slot, limits
from stillwater.snapshot import Snapshot

CLOSE_SECONDS = 25.0


class ClusterError(WorldError):
    """The cluster, or the part of it that carried out a step, is gone: it will be done again."""


@dataclass
class RayExecutor:
    """Carries out steps on a Ray cluster; `log` gets what Ray's driver prints."""

    outfit: Outfit
    cluster: Cluster
    log: Path
    _driver: "_Driver | None" = field(default=None, init=False)
    _slots: Mapping[Slot, int] = field(init=False)
    _cancelled: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._slots = limits(self.outfit.config)

    def connect(self) -> None:
        """Join the cluster now.

        Raises:
            InputError: there is none, or it offers no slots.
        """
        self.cluster.check()
        driver = self._running()
        driver.wait()
        if driver.refused is not None:
            driver.close()
            where = self.cluster.address or "this machine"
            raise InputError(f"the Ray cluster at {where} can't be used: {driver.refused}")

    def limits(self) -> Mapping[Slot, int]:
        """What the nodes offer together, as far as is known; where none does, one step waits."""
        if self._driver is not None and self._driver.slots is not None:
            self._slots = {slot: max(1, count) for slot, count in self._driver.slots.items()}
        return self._slots

    def submit(self, snapshot: Snapshot, tell: Tell) -> None:
        """Send it to a node that has a slot of its kind free, as soon as one has."""
        if self._cancelled:
            tell(CANCELLED)
        else:
            self._running().submit(snapshot, tell)

    def cancel(self) -> None:
        """Have Ray kill the workers that carry out steps."""
        self._cancelled = True
        if self._driver is not None:
            self._driver.cancel()

    def close(self) -> None:
        """Let the driver go, and with it all that the cluster still does for it."""
        if self._driver is not None:
            self._driver.close()

    def _running(self) -> "_Driver":
        if self._driver is None or self._driver.ended:
            start = Start(
                address=self.cluster.address,
                slots=limits(self.outfit.config),
                nodes=self.cluster.nodes,
                outfit=pickle.dumps(self.outfit),
                version=self.outfit.version,
            )
            self._driver = _Driver(start, self.log)
        return self._driver


class _Driver:
    """The child process, and the steps that it has been given."""

    def __init__(self, start: Start, log: Path) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs, log.open("ab") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __package__ + ".driver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                # A terminal's Ctrl-C is for the scheduler, which lets steps come to their end.
                start_new_session=True,
            )
            self._pipe = Connection(ours.detach())
        self.slots: Mapping[Slot, int] | None = None
        self.refused: str | None = None
        self.ended = False
        self._cancelled = False
        self._lock = threading.Lock()
        self._given: dict[int, tuple[Snapshot, Tell]] = {}
        self._numbers = iter(range(sys.maxsize))
        self._said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._said.put(start)
        self._answered = threading.Event()
        for work in (self._send, self._receive):
            threading.Thread(target=work, daemon=True, name="ray-driver").start()

    def wait(self) -> None:
        """Until it has joined the cluster, or ended."""
        self._answered.wait()

    def submit(self, snapshot: Snapshot, tell: Tell) -> None:
        number = next(self._numbers)
        with self._lock:
            gone = self.ended
            if not gone:
                self._given[number] = (snapshot, tell)
        if gone:
            tell(deferred(snapshot, ClusterError(self._gone())))
            return
        slot = SLOT_OF[snapshot.state]
        self._said.put(Step(number, snapshot.machine_id, slot, pickle.dumps(snapshot)))

    def cancel(self) -> None:
        self._cancelled = True
        self._said.put(Cancel())

    def close(self) -> None:
        self._said.put(None)
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self) -> None:
        while (message := self._said.get()) is not None:
            try:
                self._pipe.send(message)
            except OSError:
                return
        # The other thread reads from it: closing it here would not end that read.
        with socket.socket(fileno=self._pipe.fileno()) as ours:
            with suppress(OSError):  # the driver has ended before
                ours.shutdown(socket.SHUT_RDWR)
            ours.detach()

    def _receive(self) -> None:
        while True:
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                break
            self._take(message)
        self._process.wait()
        with self._lock:
            self.ended = True
            left, self._given = list(self._given.values()), {}
        if self.refused is None and self.slots is None:
            self.refused = self._gone()
        self._answered.set()
        for snapshot, tell in left:
            tell(self._without_end(snapshot, self._gone()))
        # Nobody closes a driver that another has replaced: so ends the thread that writes to it.
        self._said.put(None)

    def _take(self, message: Any) -> None:
        match message:
            case Slots(slots):
                self.slots = slots
                self._answered.set()
                lacking = sorted(slot.value for slot, count in slots.items() if not count)
                if lacking:
                    structlog.get_logger().warning("no node of the cluster offers", slots=lacking)
            case Refused(reason):
                self.refused = reason
            case Result(number, ended):
                _, tell = self._taken(number)
                tell(pickle.loads(ended))
            case Lost(number, reason):
                snapshot, tell = self._taken(number)
                tell(self._without_end(snapshot, reason))

    def _taken(self, number: int) -> tuple[Snapshot, Tell]:
        with self._lock:
            return self._given.pop(number)

    def _without_end(self, snapshot: Snapshot, reason: str) -> Ended:
        return CANCELLED if self._cancelled else deferred(snapshot, ClusterError(reason))

    def _gone(self) -> str:
        if self.refused is not None:
            return f"the Ray cluster can't be used: {self.refused}"
        return (
            f"the driver of the Ray cluster ended with code {self._process.returncode}: "
            "its head may be gone"
        )
