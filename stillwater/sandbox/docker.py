"""The docker sandbox: each job in a fresh container, without network, rights or a way back."""

import os
import re
import shlex
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from stillwater.sandbox import disk, environments, images, scratch
from stillwater.sandbox.containers import (
    NOBODY,
    ROOT,
    SYSTEM_PATH,
    Task,
    container,
    fill,
    finish,
    remove,
    run,
)
from stillwater.sandbox.engine import Engine
from stillwater.sandbox.protocol import (
    Cancelled,
    Execution,
    Job,
    Limits,
    SandboxError,
    Setup,
)
from stillwater.sandbox.shelf import Shelf
from stillwater.sandbox.spares import Spares
from stillwater.sandbox.users import user_of

if TYPE_CHECKING:
    from docker import DockerClient

ENVIRONMENTS = "stillwater-env"
VENV = "/opt/environment"
SETUP_LIMITS = {
    "memory_bytes": 16 << 30,
    "pids": 4096,
    "file_bytes": 16 << 30,
    "disk_bytes": 64 << 30,
}
REACH = "/stillwater.env"
SETUP = (
    f". {REACH} && rm {REACH} || exit;"
    " python -m venv {venv} && export VIRTUAL_ENV={venv} PATH={venv}/bin:$PATH"
    ' && "${{BASH:-sh}}" -c {command}; code=$?; find . -mindepth 1 -delete; exit $code'
)
PASSED = re.compile(r"PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST)|(https?|all|no)_proxy", re.I)
KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class DockerSandbox:
    """Runs jobs in containers of `image`, all labelled `stillwater=<label>`.

    `Job.environment` is what `prepare` returned, or the name of an image that is complete in
    itself; in such an image the job is the image's own user, or the one whose /testbed is, which
    may be root, though without any capability. Files of such an image that the job's tree lacks
    stay. `home` is Stillwater's folder, `shelf` what knows the images that it pulls, without one
    that of `home`. Without `spares` no container waits for the next job: for processes that end
    without a chance to remove it.
    """

    kind = "docker"

    def __init__(
        self,
        home: Path,
        image: str,
        label: str,
        *,
        shelf: Shelf | None = None,
        spares: bool = True,
    ) -> None:
        self._shelf = shelf or Shelf(home)
        self._locks = home / "environments"
        self._image = image
        self._label = label
        self._cancellation, end = os.pipe()  # readable for all once its other end is closed
        self._cancel = weakref.finalize(self, os.close, end)
        weakref.finalize(self, os.close, self._cancellation)
        self._finding = threading.Lock()
        self._found: dict[str, str] = {}
        self._users: dict[str, tuple[int, int]] = {}
        self._digests: dict[str, str] = {}
        self._engine = Engine()
        self._spares, self._keeps_spares = Spares(self._engine), spares
        weakref.finalize(self, _close, self._spares, self._engine)

    def walls(self) -> Mapping[str, str]:
        """Each wall (network, writes, reads, …) and what makes it, or `none`."""
        names = ("network", "writes", "reads", "processes", "pids", "memory", "cpu")
        files = {"files": "rlimit, for each file", "disk": disk.WALL}
        return {**dict.fromkeys(names, "docker"), **files}

    def prepare(self, setup: Setup) -> str:
        """Make, or find, the image in which the setup command has run."""
        self._check_cancelled()
        with self._engine.client() as client:
            name = self._environment(setup.key, images.pull(client, self._image))
            self._locks.mkdir(parents=True, exist_ok=True)
            with FileLock(self._locks / f"{setup.key}.docker.lock"):
                if not images.exists(client, name):
                    self._make(client, setup, name)
        return name

    def run(self, job: Job) -> Execution:
        """Run the job to its end or its limits; raises SandboxError, Cancelled."""
        self._check_cancelled()
        with self._engine.client() as client, self._held(client, job.environment) as image:
            user, group = self._user(client, image, job.environment)
            task = Task(
                image=image,
                command=job.command,
                label=self._label,
                tree=job.tree,
                files=job.files,
                user=user,
                group=group,
                as_image=not self._is_ours(job.environment),
                variables=job.variables,
                limits=job.limits,
            )
            ours = self._is_ours(job.environment)
            told = self._digest(client, self._image if ours else image)
            return replace(self._execute(task), image=told)

    def fetch(self, image: str) -> None:
        """Have the image on the engine; raises SandboxError, Cancelled."""
        self._check_cancelled()
        with self._engine.client() as client, self._held(client, image):
            pass

    def cancel(self) -> None:
        """Kill everything that runs now; every later `run` raises Cancelled."""
        self._cancel()
        self._spares.stop()

    def reap(self) -> int:
        """Remove all containers with this label: call it only when no scheduler uses it.

        Those of workers that ended go too. How many there were, besides this sandbox's own spares.
        """
        self._spares.empty()
        removed = 0
        with self._engine.client() as client:
            labelled = {"label": f"stillwater={self._label}"}
            for left in client.containers.list(all=True, filters=labelled, ignore_removed=True):
                remove(left)
                removed += 1
        return removed + self.reap_dead(self._label)

    def reap_dead(self, family: str) -> int:
        """Remove the containers of sandboxes labelled `family`-`scratch.unique()` whose process
        ended; how many."""
        removed = 0
        with self._engine.client() as client:
            for left in client.containers.list(
                all=True, filters={"label": "stillwater"}, ignore_removed=True
            ):
                label = left.labels.get("stillwater", "")
                owner = label.removeprefix(f"{family}-")
                if owner != label and scratch.belongs_to_the_dead(owner):
                    remove(left)
                    removed += 1
        return removed

    def _check_cancelled(self) -> None:
        if not self._cancel.alive:
            raise Cancelled("The sandbox was cancelled.")

    def _is_ours(self, environment: str | None) -> bool:
        return environment is None or environment.startswith(f"{ENVIRONMENTS}:")

    @contextmanager
    def _held(self, client: "DockerClient", environment: str | None) -> Iterator[str]:
        """The image for a job, which stays while the job runs."""
        if environment is not None and not self._is_ours(environment):
            with self._shelf.held(client, environment, self._check_cancelled) as image:
                yield image
        else:
            yield self._ready(client, environment)

    def _ready(self, client: "DockerClient", environment: str | None) -> str:
        """An image that stays, for a job without one of its own; looked for once."""
        wanted = environment or self._image
        with self._finding:
            if wanted not in self._found:
                if environment is None:
                    found = images.with_pytest(client, wanted, self._label, self._cancellation)
                elif images.exists(client, environment):
                    found = environment
                else:
                    raise SandboxError(f"The image {environment} isn't there: prepare it.")
                self._found[wanted] = found
            return self._found[wanted]

    def _user(self, client: "DockerClient", image: str, environment: str | None) -> tuple[int, int]:
        """The user and group of jobs in this image; looked for once."""
        if self._is_ours(environment):
            return NOBODY, NOBODY
        with self._finding:
            if image not in self._users:
                self._users[image] = user_of(client, image, self._label, self._cancellation)
            return self._users[image]

    def _digest(self, client: "DockerClient", image: str) -> str:
        """The image's digest; looked for once."""
        with self._finding:
            if image not in self._digests:
                self._digests[image] = images.digest(client, image)
            return self._digests[image]

    def _execute(self, task: Task) -> Execution:
        with self._spares.taken(task.frame) as one:
            fill(one.container, task)
            # A spare of an instance's image would keep that from making room for others.
            makes_room = task.as_image and self._shelf.is_bounded
            if self._keeps_spares and not makes_room:
                self._spares.want(task.frame)
            return finish(one.container, one.attached, task.limits, self._cancellation)

    def _environment(self, key: str, image_id: str) -> str:
        if not KEY.fullmatch(key):
            raise SandboxError(f"The environment key {key!r} can't name an image.")
        return f"{ENVIRONMENTS}:{key}-{image_id.removeprefix('sha256:')[:12]}"

    def _make(self, client: "DockerClient", setup: Setup, name: str) -> None:
        # In a file that is gone when the image is made: its variables every job would see.
        reach = "".join(
            f"export {name}={shlex.quote(value)}\n"
            for name, value in os.environ.items()
            if PASSED.fullmatch(name)
        )
        task = Task(
            image=self._image,
            command=SETUP.format(venv=VENV, command=shlex.quote(setup.command)),
            label=self._label,
            tree=setup.tree,
            user=ROOT,
            files={REACH: reach.encode()},
            variables={"PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"},
            limits=Limits(seconds=setup.seconds, **SETUP_LIMITS),
            network=True,
        )
        with container(client, task) as made:
            execution = run(made, task.limits, self._cancellation)
            environments.check(setup, execution)
            path = images.variables(client, self._image).get("PATH", SYSTEM_PATH)
            images.commit(made, name, {"PATH": f"{VENV}/bin:{path}", "VIRTUAL_ENV": VENV})


def _close(spares: Spares, engine: Engine) -> None:
    """Leave nothing behind: at the end of the sandbox, or of the process."""
    spares.close()
    engine.close()
