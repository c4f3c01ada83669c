"""Driving runs: all that lies between the door (CLI) and the scheduler."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType

from stillwater import __version__
from stillwater.canonical import digest
from stillwater.config import Config, frozen, frozen_arms
from stillwater.executors import Executor, ThreadExecutor, Workshop
from stillwater.executors.ray import Cluster, Outfit, RayExecutor
from stillwater.keeper import Keeper, Sign, catch_up, unsigned
from stillwater.machine import State
from stillwater.models.client import client
from stillwater.notes import Notes
from stillwater.repository import Repositories
from stillwater.sandbox import DockerSandbox, engine_answers
from stillwater.sandbox import choose as choose_sandbox
from stillwater.sandbox.protocol import Sandbox
from stillwater.scheduler import Listener, Scheduler
from stillwater.slots import limits
from stillwater.steps import STEPS, Step, Tools
from stillwater.store import LEASE_SECONDS, SchedulerLease, Store, TakenOver, refuse_foreign

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Place:
    """Where a database and what belongs to it lie: beside it, in a hidden folder of its name.

    Repositories that the `lender`, another database's folder, holds are read there.
    `certificate_key` is the file of the key that heads are signed with, None to sign none. Steps
    are carried out on the `cluster`, or without one in this process.
    """

    db: Path
    lender: Path | None = None
    certificate_key: str | None = None
    cluster: Cluster | None = None

    @classmethod
    def of(cls, db: Path, config: Config) -> "Place":
        """That database, driven as today's configuration says; raises ConfigError."""
        cluster = Cluster.of(config) if config.executor == "ray" else None
        return cls(db, certificate_key=config.certificate_key, cluster=cluster)

    @property
    def folder(self) -> Path:
        """Repositories, environments, work trees, logs."""
        return self.db.absolute().parent / f".{self.db.stem}"

    @property
    def label(self) -> str:
        """What marks this database's containers."""
        return digest(str(self.db.absolute()).encode())[:12]

    def repositories(self, config: Config) -> Repositories:
        """The repositories' cache."""
        return Repositories(self.folder, config.repo_url, self.lender)


@dataclass
class Stopped:
    """What stopped a run before its end, if anything did: a signal, or what `blocked` says."""

    signum: int | None = None
    blocked: str | None = None

    @property
    def exit_code(self) -> int | None:
        """What the process ends with; None for a run that came to its end."""
        if self.signum is not None:
            return 128 + self.signum
        return 1 if self.blocked else None


def drive(
    place: Place,
    store: Store,
    run_id: str,
    sandbox: Sandbox,
    listener: Listener | None,
    steps: Mapping[State, Step] = STEPS,
) -> Stopped:
    """Drive a run to its end, or until SIGINT, SIGTERM, SIGHUP or what a person must see to.

    The caller holds the lease.
    """
    scheduler = scheduler_of(place, store, run_id, sandbox, listener, steps)
    with _signals(scheduler) as stopped:
        go_on(place, scheduler)
    stopped.blocked = scheduler.blocked
    return stopped


def scheduler_of(
    place: Place,
    store: Store,
    run_id: str,
    sandbox: Sandbox,
    listener: Listener | None,
    steps: Mapping[State, Step] = STEPS,
) -> Scheduler:
    """The scheduler of a stored run, with what carries its steps out.

    Raises:
        InputError: the place's cluster can't be used.
    """
    run = store.run(run_id)
    config, arms = frozen(run.config), frozen_arms(run.config)
    executor: Executor
    if place.cluster is None or steps is not STEPS:
        executor = _threads(place, sandbox, steps, config, arms)
    else:
        executor = _ray(place, place.cluster, config, arms)
    return Scheduler(
        store=store,
        run_id=run_id,
        dataset_sha256=run.dataset_sha256,
        config=config,
        arms=arms,
        executor=executor,
        listener=listener,
    )


def _threads(
    place: Place,
    sandbox: Sandbox,
    steps: Mapping[State, Step],
    config: Config,
    arms: Mapping[str, Config],
) -> ThreadExecutor:
    tools = Tools(
        place.repositories(config),
        sandbox,
        client(config),
        threading.BoundedSemaphore(config.sandbox_slots),
    )
    others = {name: replace(tools, models=client(one)) for name, one in arms.items()}
    return ThreadExecutor(Workshop(steps, tools, others), limits(config))


def _ray(place: Place, cluster: Cluster, config: Config, arms: Mapping[str, Config]) -> RayExecutor:
    outfit = Outfit(__version__, place.label, place.folder, config.sandbox, config, arms)
    executor = RayExecutor(outfit, cluster, place.folder / "ray.log")
    executor.connect()
    return executor


def go_on(place: Place, scheduler: Scheduler) -> None:
    """Let the scheduler work, while the heads of its database are kept."""
    with Keeper(place.db, _notes(place, scheduler.config), sign=signing(place)):
        try:
            scheduler.run()
        except TakenOver:
            scheduler.executor.cancel()
            raise
        finally:
            scheduler.executor.close()


def _notes(place: Place, config: Config | None) -> Notes | None:
    return Notes.of(config.heads_git, place.db) if config and config.heads_git else None


def signing(place: Place) -> Sign:
    """How heads are signed there; raises InputError for a key that can't sign."""
    if place.certificate_key is None:
        return unsigned
    from stillwater.certificates import heads, keys

    return partial(heads.sign, signer=keys.signer(Path(place.certificate_key)))


@contextmanager
def _signals(scheduler: Scheduler) -> Iterator[Stopped]:
    stopped = Stopped()

    def stop(signum: int, _: FrameType | None) -> None:
        stopped.signum = signum
        scheduler.stop()

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def opened(
    place: Place, run_id: str | None = None, lease_seconds: float = LEASE_SECONDS
) -> Iterator[Store]:
    """The store, for its one scheduler; work trees that a dead one left are removed.

    Raises:
        LeaseHeld: another scheduler has it.
    """
    refuse_foreign(place.db)
    place.folder.mkdir(parents=True, exist_ok=True)
    with (
        SchedulerLease.acquire(place.db, run_id or "new", lease_seconds) as lease,
        Store.open(place.db) as store,
    ):
        store.begin_epoch(lease)
        Repositories(place.folder, "").reap()
        yield store


def sweep(place: Place, config: Config | None) -> None:
    """See to what a scheduler left that died before its run was written, or after its last commit:
    containers are removed, the last head is kept."""
    catch_up(place.db, _notes(place, config), signing(place))
    if engine_answers() is None:
        DockerSandbox(place.folder, "", place.label).reap()


def sandbox_of(place: Place, config: Config, path: str | None = None) -> Sandbox:
    """The sandbox that a stored run was frozen with, rid of what a dead scheduler left there.

    `path` is as for `plan`.
    """
    sandbox, _ = pick_sandbox(place, config, path)
    sandbox.reap()
    return sandbox


def pick_sandbox(
    place: Place, config: Config, path: str | None = None
) -> tuple[Sandbox, str | None]:
    return choose_sandbox(
        config.sandbox,
        place.folder,
        config.docker_image,
        place.label,
        path,
        image_budget=config.image_budget,
    )
