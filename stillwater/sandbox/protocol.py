"""What every sandbox promises: one command in one work tree, walled in, within limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stillwater.errors import StillwaterError, WorldError


class SandboxError(WorldError):
    """The sandbox itself failed (engine gone, disk full, no such image): not the model's fault."""


class Unreached(SandboxError):
    """What a setup has to fetch can't be had: for half an hour that may be an outage."""

    most_in_a_row = 12


class SetupError(WorldError):
    """`setup_command` failed; `log` is what it printed.

    READ takes it for the instance's fault. Where it has worked before, the world has changed.
    """

    most_in_a_row = 3

    def __init__(self, message: str, log: bytes) -> None:
        super().__init__(message)
        self.log = log


class Cancelled(StillwaterError):
    """The scheduler is stopping; what ran was killed and has no result."""


@dataclass(frozen=True)
class Limits:
    """What one command may use.

    `file_bytes` bounds each file, `disk_bytes` all files together, the tree's own too. `cpus` are
    how many processors' time it gets, in fractions too; None is as much as there is.
    """

    seconds: float = 1800.0
    memory_bytes: int = 4 << 30
    pids: int = 512
    cpus: float | None = None
    file_bytes: int = 1 << 30
    disk_bytes: int = 8 << 30
    output_bytes: int = 16 << 20


@dataclass(frozen=True)
class Setup:
    """How an environment is made: `command` run once in `tree` (a throwaway checkout)."""

    key: str
    command: str
    tree: Path
    seconds: float = 3600.0


@dataclass(frozen=True)
class Job:
    """One command in one work tree. `tree` is a host directory that the sandbox may change.

    Without a tree the job runs in the one that its environment, a complete image, brings along.
    `files` are put into the container beside it, by absolute path; only docker has them.
    """

    tree: Path | None
    command: str
    label: str
    environment: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()


@dataclass(frozen=True)
class Execution:
    """What came of a job. `output` is stdout and stderr as they came, capped at the limit.

    `stopped` says which limit ended it (timeout, memory, output, disk), or is None. `image` is the
    digest of the image that it ran in, or that this was made from; None without one.
    """

    exit_code: int | None
    output: bytes
    seconds: float
    stopped: str | None = None
    truncated: bool = False
    image: str | None = None


class Sandbox(Protocol):
    """Where tests run. Methods may be called from several threads at once."""

    @property
    def kind(self) -> str:
        """`docker` or `local`."""

    def walls(self) -> Mapping[str, str]:
        """Each wall (network, writes, reads, processes, memory, …) and what makes it, or `none`."""

    def prepare(self, setup: Setup) -> str:
        """Make, or find in the cache, the environment `setup.key`; its name for `Job.environment`.

        Raises SetupError if the command fails, SandboxError if the world does.
        """

    def fetch(self, image: str) -> None:
        """Have the complete image that jobs may name as their environment; may take long.

        Raises SandboxError, Cancelled.
        """

    def run(self, job: Job) -> Execution:
        """Run the job to its end or its limits; raises SandboxError, Cancelled."""

    def cancel(self) -> None:
        """Kill everything that runs now; every later `run` raises Cancelled."""

    def reap(self) -> int:
        """Remove what a dead scheduler left behind; how many things were removed."""
