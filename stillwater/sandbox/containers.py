"""One container: made, filled, followed to its end, removed."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from stillwater.sandbox import disk
from stillwater.sandbox.archive import archive
from stillwater.sandbox.follower import Follower
from stillwater.sandbox.layout import HOME, TEMPORARY, TESTBED
from stillwater.sandbox.protocol import Cancelled, Execution, Limits, SandboxError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

NOBODY = 65534
ROOT = 0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND = "/stillwater.sh"
WAIT = (
    "read -r go || exit; exec </dev/null 2>&1;"
    f' exec "$(command -v bash || command -v sh)" {COMMAND}'
)
CPU_PERIOD = 100_000  # microseconds: the kernel's default
DYING_SECONDS = 10.0
VARIABLES = {
    "HOME": HOME,
    "TMPDIR": TEMPORARY,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "NO_COLOR": "1",
}
"""The environment of every job in an image of ours, besides what the image has."""


@dataclass(frozen=True)
class Frame:
    """All that a container is made with, whatever is to run in it; hashable."""

    image: str
    label: str
    user: str
    variables: tuple[tuple[str, str], ...]
    memory_bytes: int
    pids: int
    cpus: float | None
    file_bytes: int
    network: bool


@dataclass(frozen=True)
class Task:
    """One command for one fresh container, from /testbed, where `tree` (if any) is put.

    `user` None is the image's own; `group` None has the user's number.
    """

    image: str
    command: str
    label: str
    tree: Path | None = None
    user: int | None = NOBODY
    group: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    network: bool = False
    as_image: bool = False
    """Whether the environment is the image's alone, besides `variables`."""

    @property
    def frame(self) -> Frame:
        """What its container is made with."""
        return Frame(
            image=self.image,
            label=self.label,
            user=self._named(),
            variables=tuple(self._variables().items()),
            memory_bytes=self.limits.memory_bytes,
            pids=self.limits.pids,
            cpus=self.limits.cpus,
            file_bytes=self.limits.file_bytes,
            network=self.network,
        )

    def _variables(self) -> Mapping[str, str]:
        return self.variables if self.as_image else {**VARIABLES, **self.variables}

    def _named(self) -> str:
        if self.user is None:
            return ""
        return f"{self.user}:{self.user if self.group is None else self.group}"


@contextmanager
def container(client: "DockerClient", task: Task) -> "Iterator[Container]":
    """The container of a task, filled but not started; removed at the end, whatever happens."""
    made = create(client, task.frame)
    try:
        fill(made, task)
        yield made
    finally:
        remove(made)


def create(client: "DockerClient", frame: Frame) -> "Container":
    """A container that, once started, waits for a line on its input, then runs the command."""
    from docker.types import LogConfig, Ulimit

    return client.containers.create(
        frame.image,
        [],
        entrypoint=["/bin/sh", "-c", WAIT],
        stdin_open=True,
        environment=dict(frame.variables),
        working_dir=TESTBED,
        user=frame.user,
        labels={"stillwater": frame.label},
        network_mode="bridge" if frame.network else "none",
        mem_limit=frame.memory_bytes,
        memswap_limit=frame.memory_bytes,
        pids_limit=frame.pids,
        # Not nano_cpus: the engine refuses more of those than it has processors.
        cpu_quota=None if frame.cpus is None else int(frame.cpus * CPU_PERIOD),
        cpu_period=None if frame.cpus is None else CPU_PERIOD,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ulimits=[
            Ulimit(name="fsize", soft=frame.file_bytes, hard=frame.file_bytes),
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="nofile", soft=4096, hard=4096),
        ],
        init=True,
        healthcheck={"test": ["NONE"]},
        log_config=LogConfig(type="none"),  # attached to instead: a log could fill the disk
    )


def fill(made: "Container", task: Task) -> None:
    """Put the task's tree, files and command in. Nothing of the task's may run in it yet."""
    trees = [] if task.tree is None else [(task.tree, TESTBED[1:])]
    files = [(path.lstrip("/"), content) for path, content in task.files.items()]
    files.append((COMMAND[1:], task.command.encode()))
    folders = (HOME[1:],) if task.tree is None else (TESTBED[1:], HOME[1:])
    with archive(trees, task.user or ROOT, folders, files) as tar:
        made.put_archive("/", tar)


def remove(made: "Container") -> None:
    """Kill and remove it, with its anonymous volumes, unless it is gone or being removed."""
    from docker.errors import APIError

    try:
        made.remove(force=True, v=True)
    except APIError as error:
        if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            raise


class Attachment:
    """The container's input and output, as a socket that can be waited for.

    Once it is closed, and the end of this process closes it too, a container that still waits for
    its line reads the end of its input, and ends.
    """

    def __init__(self, made: "Container") -> None:
        streams = dict.fromkeys(("stdin", "stdout", "stderr", "stream"), 1)
        wrapped = made.attach_socket(params=streams)
        self._response = wrapped._response
        self.stream: socket.socket = getattr(wrapped, "_sock", wrapped)

    def close(self) -> None:
        """Hear and say no more."""
        self._response.close()
        self.stream.close()


def run(made: "Container", limits: Limits, cancellation: int) -> Execution:
    """Start it and follow it to its end; `cancellation` is readable once cancelled."""
    with closing(Attachment(made)) as attached:
        made.start()
        return finish(made, attached, limits, cancellation)


def finish(made: "Container", attached: Attachment, limits: Limits, cancellation: int) -> Execution:
    """Let a started container run its command, and follow it to its end."""
    from docker.errors import APIError

    follower = Follower(limits)
    with closing(attached), disk.watch(_measure(made), limits.disk_bytes) as disk_full:
        attached.stream.sendall(b"\n")
        follower.follow(attached.stream, cancellation, disk_full)
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


def _measure(made: "Container") -> Callable[[], int]:
    """What tells how many bytes a container's writable layer holds.

    The layer itself where it can be read, which counts blocks and inodes; else the engine, which
    adds up the files' lengths.
    """
    layer = ((made.attrs.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
    if layer and os.access(layer, os.R_OK | os.X_OK):
        return lambda: disk.used([Path(layer)])

    def ask() -> int:
        found = made.client.api.containers(size=True, filters={"id": made.id})
        return int(found[0].get("SizeRw", 0)) if found else 0

    return ask
