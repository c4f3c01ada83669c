"""One container: made, filled, followed to its end, removed."""

import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stillwater.sandbox import disk, engine
from stillwater.sandbox.archive import archive
from stillwater.sandbox.capture import Capture
from stillwater.sandbox.layout import HOME, TEMPORARY, TESTBED
from stillwater.sandbox.protocol import Cancelled, Execution, Limits, SandboxError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

NOBODY = 65534
ROOT = 0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELL = 'exec 2>&1; exec "$(command -v bash || command -v sh)" "$@"'
LONG_COMMAND = 100_000  # the kernel takes at most 128 KiB in one argument (MAX_ARG_STRLEN)
DYING_SECONDS = 10.0
CHUNK = 1 << 16
HEADER = struct.Struct(">BxxxL")  # Engine API, ContainerAttach: stream, three zeros, size


@dataclass(frozen=True)
class Task:
    """One command for one fresh container, from /testbed, where `tree` (if any) is put."""

    image: str
    command: str
    label: str
    tree: Path | None = None
    user: int = NOBODY
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    network: bool = False
    as_image: bool = False
    """Whether the environment is the image's alone, besides `variables`."""


@contextmanager
def container(client: "DockerClient", task: Task) -> "Iterator[Container]":
    """The container of a task, filled but not started; removed at the end, whatever happens."""
    from docker.errors import NotFound
    from docker.types import LogConfig, Ulimit

    long = len(task.command) >= LONG_COMMAND
    script = f"{HOME}/command.sh"
    limits = task.limits
    made = client.containers.create(
        task.image,
        [script] if long else ["-c", task.command],
        entrypoint=["/bin/sh", "-c", SHELL, "sh"],
        environment=_variables(task),
        working_dir=TESTBED,
        user=f"{task.user}:{task.user}",
        labels={"stillwater": task.label},
        network_mode="bridge" if task.network else "none",
        mem_limit=limits.memory_bytes,
        memswap_limit=limits.memory_bytes,
        pids_limit=limits.pids,
        nano_cpus=None if limits.cpus is None else int(limits.cpus * 1e9),
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ulimits=[
            Ulimit(name="fsize", soft=limits.file_bytes, hard=limits.file_bytes),
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="nofile", soft=4096, hard=4096),
        ],
        init=True,
        healthcheck={"test": ["NONE"]},
        log_config=LogConfig(type="none"),  # attached to instead: a log could fill the disk
    )
    try:
        trees = [] if task.tree is None else [(task.tree, TESTBED[1:])]
        files = [(path.lstrip("/"), content) for path, content in task.files.items()]
        files += [(script[1:], task.command.encode())] if long else []
        folders = (HOME[1:],) if task.tree is None else (TESTBED[1:], HOME[1:])
        with archive(trees, task.user, folders, files) as tar:
            made.put_archive("/", tar)
        yield made
    finally:
        with suppress(NotFound):
            made.remove(force=True, v=True)


def _variables(task: Task) -> dict[str, str]:
    """The environment, besides what the image has."""
    if task.as_image:
        return dict(task.variables)
    return {
        "HOME": HOME,
        "TMPDIR": TEMPORARY,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "NO_COLOR": "1",
        **task.variables,
    }


def run(made: "Container", limits: Limits, cancellation: int) -> Execution:
    """Start it and follow it to its end; `cancellation` is readable once cancelled."""
    from docker.errors import APIError

    with _attached(made) as stream:
        made.start()
        follower = Follower(limits)
        with disk.watched(partial(_written, str(made.id)), limits.disk_bytes) as full:
            follower.follow(stream, cancellation, full)
    if follower.cancelled or follower.stopped:
        with suppress(APIError):  # it has just ended by itself
            made.kill()
    if follower.cancelled:
        raise Cancelled("The sandbox was cancelled.")
    code = int(made.wait(timeout=DYING_SECONDS)["StatusCode"])
    made.reload()
    state = made.attrs["State"]
    stopped = follower.stopped or ("memory" if state["OOMKilled"] else None)
    if state["Error"]:
        raise SandboxError(f"The Docker Engine couldn't run the command: {state['Error']}")
    return Execution(
        exit_code=code if follower.stopped is None else None,
        output=follower.capture.content(),
        seconds=time.monotonic() - follower.started,
        stopped=stopped,
        truncated=follower.capture.truncated,
    )


def _written(container_id: str) -> int:
    """Bytes in the container's own layer, in which its tree is too."""
    with engine.connect() as client:
        found = client.api.containers(all=True, size=True, filters={"id": container_id})
        return int(found[0].get("SizeRw", 0)) if found else 0


@contextmanager
def _attached(made: "Container") -> Iterator[socket.socket]:
    """The container's output as a socket that can be waited for, as the SDK's generators can't."""
    wrapped = made.attach_socket(params={"stdout": 1, "stderr": 1, "stream": 1})
    stream = getattr(wrapped, "_sock", wrapped)
    try:
        yield stream
    finally:
        wrapped._response.close()
        stream.close()


class Follower:
    """Reads a container's output until it ends or has gone too far.

    The container is to be killed when nobody reads any more: the engine waits for the reader of
    its output before it says that the container has ended.
    """

    def __init__(self, limits: Limits) -> None:
        self._buffer = bytearray()
        self.capture = Capture(limits.output_bytes)
        self.stopped: str | None = None
        self.cancelled = False
        self.started = time.monotonic()
        self._deadline = self.started + limits.seconds

    def follow(self, stream: socket.socket, cancellation: int, full: int) -> None:
        """Read; `stopped` or `cancelled` say why, if it wasn't to the end.

        `full` is readable once too much has been written to the disk.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            selector.register(cancellation, selectors.EVENT_READ)
            selector.register(full, selectors.EVENT_READ)
            while self.stopped is None:
                left = self._deadline - time.monotonic()
                ready = {key.fd for key, _ in selector.select(max(0.0, left))}
                if cancellation in ready:
                    self.cancelled = True
                    return
                if stream.fileno() in ready:
                    chunk = os.read(stream.fileno(), CHUNK)
                    if not chunk:
                        return
                    self._feed(chunk)
                if self.capture.flooded:
                    self.stopped = "output"
                elif full in ready:
                    self.stopped = "disk"
                elif left <= 0:
                    self.stopped = "timeout"

    def _feed(self, chunk: bytes) -> None:
        """Take the frames apart."""
        self._buffer += chunk
        while len(self._buffer) >= HEADER.size:
            size = HEADER.unpack_from(self._buffer)[1]
            end = HEADER.size + size
            if len(self._buffer) < end:
                return
            self.capture.feed(bytes(self._buffer[HEADER.size : end]))
            del self._buffer[:end]
