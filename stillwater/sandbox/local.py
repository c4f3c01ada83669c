"""The local sandbox: the job's command on this machine, behind whatever walls the machine has."""

import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from stillwater.errors import InputError
from stillwater.sandbox import environments, groups, layout, scratch, walls
from stillwater.sandbox.process import execute
from stillwater.sandbox.protocol import (
    Cancelled,
    Execution,
    Job,
    Limits,
    SandboxError,
    Setup,
)
from stillwater.sandbox.walls import Task

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
MOUNT_WENT_AWAY, TRIES = "Unable to apply mount flags", 5
"""What bubblewrap says of that, and how often it is tried."""
SETUP_LIMITS = Limits(memory_bytes=16 << 30, pids=4096, file_bytes=16 << 30, disk_bytes=64 << 30)


class LocalSandbox:
    """Runs jobs on this machine; `home` is Stillwater's folder.

    `path` replaces PATH (for the person's own virtual environment), and what it needs is shown to
    jobs. `private` are folders of other databases, hidden like `home` and its own. `at` is where
    the tree appears, for environments that name the person's own folder. `wall` insists on one of
    `walls.KINDS`; by default the strongest that works is taken.
    """

    kind = "local"

    def __init__(
        self,
        home: Path,
        path: str | None = None,
        at: Path | None = None,
        wall: str | None = None,
        private: Sequence[Path] = (),
    ) -> None:
        self._home = home.resolve()
        self._private = (self._home, *(one.resolve() for one in private))
        self._path = path
        self._at = str(at.resolve()) if at else layout.TESTBED
        self._environments = environments.Environments(self._home)
        self._cancellation, end = os.pipe()  # readable for all once its other end is closed
        self._cancel = weakref.finalize(self, os.close, end)
        weakref.finalize(self, os.close, self._cancellation)
        self._choosing = threading.Lock()
        self._wall = wall
        self._chosen: str | None = None
        self._grouped = groups.available()

    def walls(self) -> Mapping[str, str]:
        """Each wall (network, writes, reads, …) and what makes it, or `none`."""
        return walls.describe(self._choose(), self._grouped)

    def prepare(self, setup: Setup) -> str:
        """Make, or find, the virtual environment of `setup.key`."""
        self._check_cancelled()
        with _world():
            return self._environments.make(setup, lambda folder: self._set_up(setup, folder))

    def fetch(self, image: str) -> None:
        """Local jobs have no images: raises SandboxError."""
        raise SandboxError(f"Only docker has images; this sandbox can't use {image}.")

    def run(self, job: Job) -> Execution:
        """Run the job to its end or its limits; raises SandboxError, Cancelled."""
        self._check_cancelled()
        if job.tree is None or job.files:
            raise SandboxError(f"The job {job.label} needs its image: only docker runs it.")
        path, readable = self._programs(job)
        with _world(), scratch.scratch(self._home) as made:
            task = Task(
                tree=job.tree.resolve(),
                scratch=made,
                command=job.command,
                path=path,
                variables=job.variables,
                readable=frozenset(readable),
                hidden=layout.hidden(self._private),
                covered=self._databases(),
                limits=job.limits,
                at=self._at,
            )
            return self._execute(self._choose(), task)

    def cancel(self) -> None:
        """Kill everything that runs now; every later `run` raises Cancelled."""
        self._cancel()

    def reap(self) -> int:
        """Remove what dead processes left in `home`, and their control groups; how many things."""
        dead = [g for g in groups.leftovers() if scratch.belongs_to_the_dead(g.name)]
        removed = sum(groups.remove(group) for group in dead)
        return removed + scratch.reap(self._home) + self._environments.reap()

    def _databases(self) -> frozenset[Path]:
        return frozenset[Path]().union(*map(layout.belonging_to, self._private))

    def _check_cancelled(self) -> None:
        if not self._cancel.alive:
            raise Cancelled("The sandbox was cancelled.")

    def _programs(self, job: Job) -> tuple[str, set[Path]]:
        """PATH for the job, and what must be shown for it."""
        if job.environment is not None:
            if not self._environments.ready(job.environment):
                raise SandboxError(f"The environment {job.environment} isn't there: prepare it.")
            venv = self._environments.folder(job.environment) / "venv"
            return f"{venv / 'bin'}:{SYSTEM_PATH}", {venv.parent}
        if self._path is not None:
            return self._path, layout.needed_by(self._path)
        return f"{Path(sys.executable).parent}:{SYSTEM_PATH}", set()

    def _set_up(self, setup: Setup, folder: Path) -> Execution:
        venv = folder / "venv"
        with scratch.scratch(self._home) as made:
            task = Task(
                tree=setup.tree.resolve(),
                scratch=made,
                command=setup.command,
                path=f"{venv / 'bin'}:{SYSTEM_PATH}",
                variables={"VIRTUAL_ENV": str(venv), **environments.package_variables()},
                readable=frozenset(environments.package_paths()),
                writable=frozenset({folder}),
                hidden=layout.hidden(self._private),
                covered=self._databases(),
                network=True,
                limits=replace(SETUP_LIMITS, seconds=setup.seconds),
                at=self._at,
            )
            return self._execute(self._choose(), task)

    def _execute(self, wall: str, task: Task) -> Execution:
        possible = groups.group(scratch.unique(), task.limits) if self._grouped else nullcontext()
        with possible as group:
            wall_off = walls.wrapper(wall, task)
            spec = walls.specification(wall, task, group is not None)

            def wrap(program: list[str]) -> list[str]:
                walled = [*wall_off, *program]
                return walled if group is None else group.enter(walled)

            folders = (task.tree, task.scratch, *task.writable)
            found = _walled_off(
                lambda: execute(wrap, spec, task.limits, self._cancellation, folders)
            )
            if group is not None and found.stopped is None and group.out_of_memory():
                return replace(found, stopped="memory")
            return found

    def _choose(self) -> str:
        """The strongest wall that works here, found out once."""
        with self._choosing:
            if self._chosen is None:
                wanted = walls.KINDS if self._wall is None else (self._wall,)
                for wall in wanted:
                    if walls.plausible(wall) and self._works(wall):
                        self._chosen = wall
                        break
                else:
                    raise InputError(f"The wall {self._wall} doesn't work on this machine.")
            return self._chosen

    def _works(self, wall: str) -> bool:
        """Whether `true` runs behind it."""
        with scratch.scratch(self._home) as made:
            tree = made / "tree"
            tree.mkdir()
            task = Task(
                tree,
                made,
                "true",
                SYSTEM_PATH,
                hidden=layout.hidden(self._private),
                limits=Limits(seconds=20),
            )
            with suppress(SandboxError):
                return self._execute(wall, task).exit_code == 0
        return False


def _walled_off(execution: Callable[[], Execution]) -> Execution:
    """The execution, tried again where a mount (of Docker's, say) went away while it was walled
    off; nothing of the command has run then."""
    for _ in range(TRIES - 1):
        try:
            return execution()
        except SandboxError as error:
            if MOUNT_WENT_AWAY not in str(error):
                raise
    return execution()


@contextmanager
def _world() -> Iterator[None]:
    """Turn what the machine refuses into a SandboxError."""
    try:
        yield
    except OSError as error:
        raise SandboxError(f"The local sandbox failed: {error}") from error
