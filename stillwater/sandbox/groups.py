"""Control groups, where root runs Stillwater: rlimits don't bind root's processes.

The kernel exempts root from RLIMIT_NPROC (kernel/fork.c), and RLIMIT_AS counts each process alone.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from stillwater.sandbox.protocol import Limits
from stillwater.sandbox.scratch import unique

ROOT = Path("/sys/fs/cgroup")
OWN_PROCESSES = 8  # the walls' own, besides the job's
PERIOD = 100_000  # microseconds, in which a quota of the processors' time is given
QUOTA = "cpu.cfs_quota_us"
SWAP = ("memory.swap.max", "memory.memsw.limit_in_bytes")
"""What bounds swap: absent where the kernel counts none."""
ENTER = (
    'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ >"$1/cgroup.procs" || exit 125;'
    ' shift; n=$((n - 1)); done; exec "$@"'
)


@dataclass(frozen=True)
class Group:
    """The directories of one job's control groups: one, or in version 1 one a controller."""

    directories: tuple[Path, ...]

    def enter(self, program: list[str]) -> list[str]:
        """The command line that joins, then becomes `program`."""
        names = [str(d) for d in self.directories]
        return ["/bin/sh", "-c", ENTER, "sh", str(len(names)), *names, *program]

    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in here for its memory."""
        for directory in self.directories:
            for name in ("memory.events", "memory.oom_control"):
                with suppress(OSError):
                    pairs = [line.split() for line in (directory / name).read_text().splitlines()]
                    if any(key == "oom_kill" and int(count) for key, count in pairs):
                        return True
        return False


def available() -> bool:
    """Whether control groups can be made here."""
    try:
        with group(unique(), Limits()) as made:
            return made is not None
    except OSError:
        return False


@contextmanager
def group(name: str, limits: Limits) -> Iterator[Group | None]:
    """A group within these limits, removed at the end; None where there can't be one."""
    settings = _settings(limits)
    if os.geteuid() != 0 or not settings:
        yield None
        return
    made: list[Path] = []
    try:
        for parent, values in settings.items():
            directory = parent / f"stillwater-{name}"
            directory.mkdir()
            made.append(directory)
            for file, value in values.items():
                if file not in SWAP or (directory / file).exists():
                    (directory / file).write_text(str(value))
        yield Group(tuple(made))
    finally:
        for directory in made:
            remove(directory)


def _settings(limits: Limits) -> dict[Path, dict[str, int | str]]:
    pids = {"pids.max": limits.pids + OWN_PROCESSES}
    quota = None if limits.cpus is None else int(limits.cpus * PERIOD)
    with suppress(OSError):
        controllers = set((ROOT / "cgroup.subtree_control").read_text().split())
        if not {"pids", "memory"} <= controllers:
            return {}
        cpu = {"cpu.max": f"{quota} {PERIOD}"} if quota and "cpu" in controllers else {}
        return {ROOT: {**pids, "memory.max": limits.memory_bytes, "memory.swap.max": 0, **cpu}}
    if not ((ROOT / "pids").is_dir() and (ROOT / "memory").is_dir()):
        return {}
    memory = {f"memory.{one}limit_in_bytes": limits.memory_bytes for one in ("", "memsw.")}
    settings: dict[Path, dict[str, int | str]] = {
        ROOT / "pids": {**pids},
        ROOT / "memory": {**memory},
    }
    if quota and (ROOT / "cpu" / QUOTA).is_file():
        settings[ROOT / "cpu"] = {"cpu.cfs_period_us": PERIOD, QUOTA: quota}
    return settings


def bounds_cpu() -> bool:
    """Whether groups here can bound the processors' time."""
    return any("cpu" in name for values in _settings(Limits(cpus=1)).values() for name in values)


def leftovers() -> list[Path]:
    """The groups that any scheduler on this machine has made and not removed."""
    if os.geteuid() != 0:
        return []
    parents = (ROOT, ROOT / "pids", ROOT / "memory", ROOT / "cpu")
    return [found for parent in parents for found in parent.glob("stillwater-*")]


def remove(directory: Path) -> bool:
    """Kill what is in the group, and remove it; whether that went well."""
    deadline = time.monotonic() + 2
    while True:
        with suppress(OSError):
            for pid in (directory / "cgroup.procs").read_text().split():
                os.kill(int(pid), 9)
        try:
            directory.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)  # the kernel needs a moment to bury the dead
        else:
            return True
