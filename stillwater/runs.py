"""Driving runs: all that lies between the door (CLI) and the scheduler."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from stillwater import __version__, where
from stillwater.config import Config, frozen, frozen_arms
from stillwater.errors import InputError
from stillwater.executors import Executor, ThreadExecutor, Workshop
from stillwater.executors.ray import Cluster, Outfit, RayExecutor
from stillwater.keeper import Keeper, Sign, catch_up, unsigned
from stillwater.machine import State
from stillwater.models.chain import pool_of
from stillwater.models.client import client
from stillwater.models.pool import Pool
from stillwater.notes import Notes
from stillwater.repository import Repositories
from stillwater.sandbox import DockerSandbox, Shelf, engine_answers
from stillwater.sandbox import choose as choose_sandbox
from stillwater.sandbox.protocol import Sandbox
from stillwater.scheduler import Listener, Scheduler
from stillwater.slots import Slot, limits
from stillwater.steps import STEPS, Step, Tools
from stillwater.store import LEASE_SECONDS, SchedulerLease, Store, refuse_foreign

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AS_THE_POOL_HAS = 1_000_000
"""An executor's model slots where a pool of endpoints says how many there are at the moment."""


@dataclass(frozen=True)
class Place:
    """Where a database and what belongs to it lie: beside it, in a hidden folder of its name.

    What belongs to a database on a server lies in the folder where Stillwater was started.

    Repositories that the `lender`, another database's folder, holds are read there, and images that
    are pulled are noted there.
    `certificate_key` is the file of the key that heads are signed with, None to sign none. Steps
    are carried out on the `cluster`, or without one in this process. Where `endpoints` are named,
    they take the place of those that a run was made with.
    """

    db: where.Database
    lender: Path | None = None
    certificate_key: str | None = None
    cluster: Cluster | None = None
    endpoints: tuple[str, ...] = ()

    @classmethod
    def of(cls, db: where.Database, config: Config) -> "Place":
        """That database, driven as today's configuration says; raises ConfigError."""
        cluster = Cluster.of(config) if config.executor == "ray" else None
        return cls(
            db,
            certificate_key=config.certificate_key,
            cluster=cluster,
            endpoints=config.endpoints,
        )

    @property
    def folder(self) -> Path:
        """Repositories, environments, work trees, logs."""
        return where.folder(self.db)

    @property
    def label(self) -> str:
        """What marks this database's containers."""
        return where.label(self.db)

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
        InputError: the place's cluster can't be used, or what is listed as an endpoint is none.
    """
    run = store.run(run_id)
    config, arms = frozen(run.config), frozen_arms(run.config)
    if place.endpoints:
        # They take the place of the one server, too, and of the arms' where that is theirs.
        moved, base = {"api_base": None}, config.api_base
        config = config.model_copy(update={"endpoints": place.endpoints, **moved})
        arms = {
            name: one.model_copy(update=moved) if one.api_base == base else one
            for name, one in arms.items()
        }
    rows = store.machines(run_id)
    sharing = ((row, arms.get(row.arm, config)) for row in rows)
    asked = (
        model
        for row, arm in sharing
        if arm.api_base is None
        for model in (row.model, *(() if arm.model_attempts is None else arm.models))
    )
    pool = pool_of(config, asked, served_of(run.config))
    executor: Executor
    if place.cluster is None or steps is not STEPS:
        executor = _threads(place, sandbox, steps, config, arms, pool)
    else:
        executor = _ray(place, place.cluster, config, arms, pool)
    return Scheduler(
        store=store,
        run_id=run_id,
        dataset_sha256=run.dataset_sha256,
        config=config,
        arms=arms,
        executor=executor,
        listener=listener,
        pool=pool,
    )


def _threads(
    place: Place,
    sandbox: Sandbox,
    steps: Mapping[State, Step],
    config: Config,
    arms: Mapping[str, Config],
    pool: Pool | None,
) -> ThreadExecutor:
    tools = Tools(
        place.repositories(config),
        sandbox,
        client(config),
        threading.BoundedSemaphore(config.sandbox_slots),
    )
    others = {name: replace(tools, models=client(one)) for name, one in arms.items()}
    slots = limits(config)
    if pool is not None:
        slots[Slot.MODEL] = AS_THE_POOL_HAS
    return ThreadExecutor(Workshop(steps, tools, others), slots)


def _ray(
    place: Place,
    cluster: Cluster,
    config: Config,
    arms: Mapping[str, Config],
    pool: Pool | None,
) -> RayExecutor:
    if pool is not None:
        config = config.model_copy(update={"model_slots": AS_THE_POOL_HAS})
    outfit = Outfit(__version__, place.label, place.folder, config.sandbox, config, arms)
    executor = RayExecutor(outfit, cluster, place.folder / "ray.log")
    executor.connect()
    return executor


def served_of(stored: Mapping[str, Any]) -> dict[str, str | None]:
    """The digests of weights that the servers told when the run was made, by model."""
    return {model: told.get("digest") for model, told in stored.get("served", {}).items()}


def go_on(place: Place, scheduler: Scheduler) -> None:
    """Let the scheduler work, while the heads of its database are kept."""
    try:
        with Keeper(place.db, _notes(place, scheduler.config), sign=signing(place)):
            scheduler.run()
    except BaseException:
        # What runs still has nobody who would commit it, and would run beside what begins anew.
        scheduler.executor.cancel()
        raise
    finally:
        scheduler.executor.close()


def _notes(place: Place, config: Config | None) -> Notes | None:
    """Unchecked: a run that has begun doesn't end for a repository that is gone."""
    if config is None or not config.heads_git:
        return None
    return Notes(Path(config.heads_git).expanduser(), where.identity(place.db))


def signing(place: Place) -> Sign:
    """How heads are signed there; raises InputError for a key that can't sign."""
    if place.certificate_key is None:
        return unsigned
    from stillwater.certificates import heads, keys

    return partial(heads.sign, signer=keys.signer(Path(place.certificate_key)))


def stopping() -> tuple[signal.Signals, ...]:
    """The signals to take: not SIGHUP where who began this has it ignored, as nohup does."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(one for one in STOPPING if not (ignored and one is signal.SIGHUP))


@contextmanager
def _signals(scheduler: Scheduler) -> Iterator[Stopped]:
    stopped = Stopped()

    def stop(signum: int, _: FrameType | None) -> None:
        stopped.signum = signum
        scheduler.stop()

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.signal(number, stop) for number in stopping()}
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
        InputError: the database isn't Stillwater's, or its folder can't be made.
    """
    refuse_foreign(place.db)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder {place.folder} can't be made ({error.strerror}): choose another --db"
        ) from error
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
    place: Place, config: Config, path: str | None = None, *, needs_image: bool = True
) -> tuple[Sandbox, str | None]:
    """The sandbox that a configuration asks for, and why it is the local one, as `choose` says."""
    return choose_sandbox(
        config.sandbox,
        place.folder,
        config.docker_image,
        place.label,
        path,
        shelf=Shelf(place.lender or place.folder, config.image_budget),
        needs_image=needs_image,
        private=[place.lender] if place.lender else [],
    )
