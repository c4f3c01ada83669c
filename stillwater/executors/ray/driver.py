"""The driver: a child of the scheduler that gives steps to a Ray cluster and tells how they end.

Ray may end this process at any time, and does when the cluster's head is lost.
"""

import os
import re
import secrets
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from stillwater.executors.ray.wire import Cancel, Lost, Refused, Result, Slots, Start, Step
from stillwater.slots import Slot

MODEL, SANDBOX = "model", "sandbox"
RESOURCE: Mapping[Slot, str | None] = {
    Slot.PREPARE: SANDBOX,
    Slot.MODEL: MODEL,
    Slot.SANDBOX: SANDBOX,
    Slot.CPU: None,
}
"""What a step of each kind takes one of, as Ray's nodes offer it (`ray start --resources`)."""
LOOK_SECONDS = 2.0
"""Between two looks at what the cluster offers."""
CPU_STEPS = 4
"""At once; they take milliseconds, and hours of network where a repository is had first."""
RECONNECT_SECONDS = 20
"""How long a head that is lost is waited for; a driver that is started anew finds it sooner."""

LONGEST = 300
"""Characters of what Ray says that are told on: it explains at length."""
END_SECONDS = 20.0
"""How long leaving the cluster may take."""
TIDY_SECONDS = 12.0
"""How much of it goes to having the nodes tidied; a worker may have to be started for that."""


def main(descriptor: int) -> None:
    """Serve the scheduler at the other end of the pipe until it goes."""
    pipe = Connection(descriptor)
    start: Start = pipe.recv()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", str(RECONNECT_SECONDS))
    if start.address is None and "RAY_AUTH_MODE" not in os.environ:
        # Else Ray keeps a token in the person's home, which their next cluster stumbles over.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        driver = Driver(pipe, start)
        driver.begin()
    except Exception as error:
        pipe.send(Refused(_sentence(error)))
        return
    driver.serve()


@dataclass
class Driver:
    """One connection to one cluster."""

    pipe: Connection
    start: Start
    _sending: threading.Lock = field(default_factory=threading.Lock, init=False)
    _running: dict[int, Any] = field(default_factory=dict, init=False)
    _cut_off: bool = field(default=False, init=False)
    """Whether a worker was killed in the middle of a step, and left what it worked with."""
    _homes: dict[tuple[int, str], str] = field(default_factory=dict, init=False)
    """On which node a machine's last step of this resource ran: its repository, or its prompt's
    prefix, is in a cache there."""

    def begin(self) -> None:
        """Join the cluster, or start one; its slots are told."""
        import ray

        from stillwater.executors.ray.worker import perform

        own: dict[str, Any] = {}
        if self.start.address is None:
            ours = {MODEL: self.start.slots[Slot.MODEL], SANDBOX: self.start.slots[Slot.SANDBOX]}
            own = {"resources": ours, "include_dashboard": False}
        ray.init(
            self.start.address or "local",
            configure_logging=False,
            log_to_driver=False,
            **own,
        )
        self._ray: Any = ray
        self._perform = ray.remote(_perform_there(perform))
        slots = self._slots()
        missing = {RESOURCE[slot]: slot for slot, count in slots.items() if not count}
        if missing:
            raise LookupError(f"no node of the Ray cluster {self._lacking(missing)}")
        self._tell(Slots(slots))
        threading.Thread(target=self._look, args=(slots,), daemon=True).start()

    def serve(self) -> None:
        """Carry out what the scheduler asks, until it is gone."""
        while True:
            try:
                asked = self.pipe.recv()
            except (EOFError, OSError):
                self._end()
            if isinstance(asked, Cancel):
                self._cancel()
            else:
                self._submit(asked)

    def _end(self) -> NoReturn:
        """Leave the cluster, and with it all that it still does for us; end one of our own."""
        threading.Timer(END_SECONDS, os._exit, [1]).start()
        self._cancel()
        if self._cut_off:
            self._tidy()
        self._ray.shutdown()
        os._exit(0)

    def _cancel(self) -> None:
        """Have Ray kill the workers that carry out steps."""
        for reference in list(self._running.values()):
            self._cut_off = True
            self._ray.cancel(reference, force=True)

    def _tidy(self) -> None:
        """Have each node remove what killed workers left; where that fails, its next step does."""
        from stillwater.executors.ray.worker import tidy

        with suppress(Exception):
            asked = [
                self._ray.remote(tidy)
                .options(num_cpus=0, max_retries=0, scheduling_strategy=_at(node["NodeID"]))
                .remote(self.start.version, self.start.outfit)
                for node in self._ray.nodes()
                if node["Alive"]
            ]
            self._ray.wait(asked, num_returns=len(asked), timeout=TIDY_SECONDS)

    def _submit(self, step: Step) -> None:
        try:
            reference = self._perform.options(**self._options(step)).remote(
                self.start.version, self.start.outfit, step.snapshot
            )
        except Exception as error:
            self._tell(Lost(step.number, f"Ray takes no step: {_sentence(error)}"))
            return
        self._running[step.number] = reference
        reference.future().add_done_callback(lambda future: self._ended(step, future))

    def _options(self, step: Step) -> dict[str, Any]:
        resource = RESOURCE[step.slot]
        options: dict[str, Any] = {
            "num_cpus": 0,
            "max_retries": 0,
            "name": step.slot.value,
            "resources": {resource: 1} if resource else {},
        }
        home = self._homes.get((step.machine, resource or SANDBOX))
        labels = self.start.nodes.get(step.slot)
        if labels:
            options["label_selector"] = dict(labels)
        elif home is not None:
            # Ray documents no other way: without it, a busy node is waited for while others idle.
            options["scheduling_strategy"] = _at(home, soft=True, _spill_on_unavailable=True)
        return options

    def _ended(self, step: Step, future: "Future[tuple[str, bytes]]") -> None:
        self._running.pop(step.number, None)
        name = RESOURCE[step.slot] or SANDBOX
        error = future.exception()
        if error is not None:
            self._cut_off = True
            self._homes.pop((step.machine, name), None)
            self._tell(Lost(step.number, f"Ray lost the step: {_sentence(error)}"))
            return
        node, ended = future.result()
        if RESOURCE[step.slot] is not None:
            self._homes[step.machine, name] = node
        self._tell(Result(step.number, ended))

    def _look(self, told: dict[Slot, int]) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            try:
                slots = self._slots()
            except Exception:  # noqa: S112 - the head may be away; steps tell what that costs
                continue
            if slots != told:
                told = slots
                self._tell(Slots(slots))

    def _slots(self) -> dict[Slot, int]:
        """What the nodes offer that have the labels which are needed."""
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        return {
            slot: CPU_STEPS if name is None else sum(
                int(node["Resources"].get(name, 0))
                for node in nodes
                if self.start.nodes.get(slot, {}).items() <= node["Labels"].items()
            )
            for slot, name in RESOURCE.items()
        }  # fmt: skip

    def _lacking(self, missing: Mapping[str | None, Slot]) -> str:
        each = []
        for name, slot in missing.items():
            labels = ",".join(
                f"{key}={value}" for key, value in self.start.nodes.get(slot, {}).items()
            )
            each.append(f"offers {name}" + (f" and has the label {labels}" if labels else ""))
        example = """`ray start … --resources='{"model": 1, "sandbox": 4}'`"""
        return f"{' or '.join(each)}: start nodes with {example}, and with --labels if need be"

    def _tell(self, message: Any) -> None:
        with self._sending, suppress(OSError):  # the scheduler is gone, as the reader sees too
            self.pipe.send(message)


def _perform_there(perform: Any) -> Any:
    def step(version: str, outfit: bytes, snapshot: bytes) -> tuple[str, bytes]:
        import ray

        return ray.get_runtime_context().get_node_id(), perform(version, outfit, snapshot)

    return step


def _at(node: str, soft: bool = False, **more: Any) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=soft, **more)


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())
    told, node = text.split(". ")[0].rstrip(".")[:LONGEST], re.search(r"Node IP: ([\w.:]+)", text)
    facts = [type(error).__name__, *([f"node {node[1].rstrip('.,')}"] if node else [])]
    return f"{told} ({', '.join(facts)})"


if __name__ == "__main__":
    main(int(sys.argv[1]))
