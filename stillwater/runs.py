"""Starting and driving runs: all that lies between the door (CLI) and the scheduler."""

import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

from stillwater import __version__, preflight
from stillwater.canonical import Json, digest
from stillwater.config import Config, frozen, stored
from stillwater.datasets import Dataset
from stillwater.executor import ThreadExecutor
from stillwater.keeper import Keeper, Sign, catch_up, unsigned
from stillwater.models.chain import choose_model
from stillwater.models.client import LitellmClient
from stillwater.notes import Notes
from stillwater.repository import Repositories
from stillwater.sandbox import DockerSandbox, engine_answers
from stillwater.sandbox import choose as choose_sandbox
from stillwater.sandbox.protocol import Sandbox
from stillwater.scheduler import Listener, Scheduler
from stillwater.steps import STEPS, Tools
from stillwater.store import LEASE_SECONDS, SchedulerLease, Store, TakenOver, refuse_foreign
from stillwater.versions import versions

DEFAULT_ARM = "default"
Notice = Callable[[str], None]
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Place:
    """Where a database and what belongs to it lie: beside it, in a hidden folder of its name.

    `certificate_key` is the file of the key that heads are signed with, None to sign none.
    """

    db: Path
    certificate_key: str | None = None

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
        return Repositories(self.folder, config.repo_url)


@dataclass(frozen=True)
class Plan:
    """A run that has passed every check and may start."""

    dataset: Dataset
    config: Config
    model: str
    sandbox: Sandbox
    passed_over: Sequence[str]
    arm: str
    served: Mapping[str, Json]


def plan(
    place: Place,
    dataset: Dataset,
    config: Config,
    notice: Notice,
    path: str | None = None,
    arm: str = DEFAULT_ARM,
) -> Plan:
    """Check everything that can be checked before a run starts; raises InputError.

    `path` is the PATH that tests run with, where it isn't Stillwater's own environment's.
    """
    repositories = place.repositories(config)
    if config.heads_git:
        Notes.of(config.heads_git, place.db)
    _signing(place)
    preflight.check_instances(dataset.instances, repositories)
    chosen = choose_model(config)
    told = chosen.notice()
    if told:
        notice(told)
    sandbox, why = _choose_sandbox(place, config, path)
    if why:
        notice(why)
    preflight.check_sandbox(dataset.instances, sandbox.kind)
    sandbox.reap()
    preflight.check_test_commands(dataset.instances, repositories, sandbox)
    changes: dict[str, object] = {"sandbox": sandbox.kind}
    if chosen.context and chosen.context < config.num_ctx:
        notice(
            f"{chosen.model} has a context of {chosen.context} tokens: num_ctx is that, "
            f"not {config.num_ctx}."
        )
        changes["num_ctx"] = chosen.context
    passed = [f"{one.model}: {one.problem}" for one in chosen.passed_over]
    settings = config.model_copy(update=changes)
    served = {chosen.model: chosen.served.told()}
    return Plan(dataset, settings, chosen.model, sandbox, passed, arm, served)


def create(store: Store, ready: Plan) -> str:
    """Write the run and its machines; its id."""
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    store.create_run(
        run_id=run_id,
        dataset=ready.dataset.name,
        dataset_sha256=ready.dataset.sha256,
        config={
            **stored(ready.config),
            "passed_over": list(ready.passed_over),
            "served": dict(ready.served),
            "versions": versions(),
        },
        version=__version__,
        rows=ready.dataset.rows,
        arms=(ready.arm,),
        model=ready.model,
    )
    return run_id


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
    place: Place, store: Store, run_id: str, sandbox: Sandbox, listener: Listener | None
) -> Stopped:
    """Drive a run to its end, or until SIGINT, SIGTERM, SIGHUP or what a person must see to.

    The caller holds the lease.
    """
    run = store.run(run_id)
    config = frozen(run.config)
    key = config.api_key.get_secret_value() if config.api_key else None
    repositories = place.repositories(config)
    scheduler = Scheduler(
        store=store,
        run_id=run_id,
        dataset_sha256=run.dataset_sha256,
        config=config,
        tools=Tools(
            repositories,
            sandbox,
            LitellmClient(config.api_base, key),
            threading.BoundedSemaphore(config.sandbox_slots),
        ),
        steps=STEPS,
        executor=ThreadExecutor(config.model_slots + 2 * config.sandbox_slots + 1),
        listener=listener,
    )
    keeper = Keeper(place.db, _notes(place, config), sign=_signing(place))
    with keeper, _signals(scheduler) as stopped:
        try:
            scheduler.run()
        except TakenOver:
            sandbox.cancel()
            raise
    stopped.blocked = scheduler.blocked
    return stopped


def _notes(place: Place, config: Config | None) -> Notes | None:
    return Notes.of(config.heads_git, place.db) if config and config.heads_git else None


def _signing(place: Place) -> Sign:
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
    catch_up(place.db, _notes(place, config), _signing(place))
    if engine_answers() is None:
        DockerSandbox(place.folder, "", place.label).reap()


def sandbox_of(place: Place, config: Config) -> Sandbox:
    """The sandbox that a stored run was frozen with, rid of what a dead scheduler left there."""
    sandbox, _ = _choose_sandbox(place, config)
    sandbox.reap()
    return sandbox


def _choose_sandbox(
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
