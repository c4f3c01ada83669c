"""Planning runs: everything that can be checked before one starts, and writing it down."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwater import __version__, preflight
from stillwater.canonical import Json
from stillwater.config import Config, ConfigError, differences, frozen, stored
from stillwater.datasets import Dataset, Instance, instance_of
from stillwater.models.chain import choose_model
from stillwater.models.endpoints import is_file
from stillwater.notes import Notes
from stillwater.own import programs_of
from stillwater.runs import Place, pick_sandbox, sandbox_of, signing
from stillwater.sandbox.protocol import Sandbox
from stillwater.skills import with_texts
from stillwater.store import RunRow, Store
from stillwater.versions import versions

DEFAULT_ARM = "default"
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Arm:
    """A named configuration, the model that it begins with, and what was passed over for that."""

    config: Config
    model: str
    passed_over: Sequence[str]
    served: Mapping[str, Json]
    """What the servers tell of the models that make its attempts."""


@dataclass(frozen=True)
class Plan:
    """A run that has passed every check and may start."""

    dataset: Dataset
    config: Config
    arms: Mapping[str, Arm]
    sandbox: Sandbox

    @property
    def model(self) -> str:
        """The model of the first arm."""
        return next(iter(self.arms.values())).model


def plan(
    place: Place,
    dataset: Dataset,
    config: Config,
    notice: Notice,
    path: str | None = None,
    arms: Mapping[str, Config] | None = None,
    *,
    alone: bool = True,
) -> Plan:
    """Check everything that can be checked before a run starts; raises InputError.

    `path` is the PATH that tests run with, where it isn't Stillwater's own environment's. Without
    `arms`, the only arm is `config`. Only where no run of this database is driven (`alone`) are the
    sandbox's leftovers removed.
    """
    repositories = place.repositories(config)
    if place.cluster is not None:
        place.cluster.check()
    if config.endpoints and config.api_base is not None:
        raise ConfigError(
            "endpoints and api_base are both set: endpoints take its place, so remove api_base"
        )
    if config.heads_git:
        Notes.of(config.heads_git, place.db)
    signing(place)
    preflight.check_instances(dataset.instances, repositories)
    chosen = _models({DEFAULT_ARM: config} if arms is None else arms, notice)
    needs_image = not all(one.runs_in_image for one in dataset.instances)
    sandbox, why = pick_sandbox(place, config, path, needs_image=needs_image)
    if why:
        notice(why)
    preflight.check_sandbox(dataset.instances, sandbox.kind)
    if alone:
        sandbox.reap()
    preflight.check_test_commands(dataset.instances, repositories, sandbox)
    settled = {
        "sandbox": sandbox.kind,
        "endpoints": _lasting(config.endpoints),
        "heads_git": config.heads_git and str(Path(config.heads_git).expanduser().absolute()),
    }
    whole = {
        name: replace(one, config=one.config.model_copy(update=settled))
        for name, one in chosen.items()
    }
    return Plan(dataset, config.model_copy(update=settled), whole, sandbox)


def _models(arms: Mapping[str, Config], notice: Notice) -> dict[str, Arm]:
    chosen: dict[str, Arm] = {}
    told: dict[str, None] = {}
    for name, given in arms.items():
        config = with_texts(given)
        found = choose_model(config)
        told |= dict.fromkeys(filter(None, [found.notice()]))
        passed = [f"{one.model}: {one.problem}" for one in found.passed_over]
        num_ctx = config.num_ctx
        if found.context and found.context < num_ctx:
            told[
                f"{found.model} has a context of {found.context} tokens: num_ctx is that, "
                f"not {num_ctx}."
            ] = None
            num_ctx = found.context
        changes: dict[str, object] = {"num_ctx": num_ctx}
        if config.model_attempts is not None:
            changes["models"] = tuple(one.model for one in found.reached)
        served = {one.model: one.served.told() for one in found.reached}
        chosen[name] = Arm(config.model_copy(update=changes), found.model, passed, served)
    for each in told:
        notice(each)
    return chosen


def _lasting(endpoints: Sequence[str]) -> tuple[str, ...]:
    """The same from whatever folder the run is resumed."""
    return tuple(str(Path(one).absolute()) if is_file(one) else one for one in endpoints)


def create(store: Store, ready: Plan) -> str:
    """Write the run and its machines; its id."""
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    store.create_run(
        run_id=run_id,
        dataset=ready.dataset.name,
        dataset_sha256=ready.dataset.sha256,
        config=_frozen(ready),
        version=__version__,
        rows=ready.dataset.rows,
        arms={name: arm.model for name, arm in ready.arms.items()},
    )
    return run_id


def _frozen(ready: Plan) -> dict[str, Any]:
    """What is written into the run: one arm's configuration, or what all share and each has of its
    own."""
    arms = list(ready.arms.values())
    facts = {
        "passed_over": list(dict.fromkeys(line for arm in arms for line in arm.passed_over)),
        "served": {
            model: told
            for arm in arms
            if arm.config.api_base == ready.config.api_base
            for model, told in arm.served.items()
        },
        "versions": versions(),
    }
    if len(arms) == 1:
        return stored(arms[0].config) | facts
    own = {name: differences(ready.config, arm.config) for name, arm in ready.arms.items()}
    # A name may stand for other weights on a server of an arm's own.
    apart = {
        name: dict(arm.served)
        for name, arm in ready.arms.items()
        if arm.config.api_base != ready.config.api_base
    }
    return stored(ready.config) | facts | {"served_apart": apart, "arms": own}


def sandbox_of_run(place: Place, store: Store, run: RunRow) -> Sandbox:
    """The sandbox that a stored run goes on in; one's own repository keeps one's own programs.

    Raises:
        InputError: it can't be had.
    """
    first = store.machines(run.id)[0].instance_id
    instance = instance_of(store.instance(run.dataset_sha256, first))
    return sandbox_of(place, frozen(run.config), programs_of([instance]))


def sandbox_again(place: Place, config: Config, instances: Sequence[Instance]) -> Sandbox:
    """The sandbox to run tests of a stored run's instances in again, ready.

    Raises:
        InputError: they can't run here: no such sandbox, log parser or local repository.
    """
    preflight.check_instances(instances, place.repositories(config))
    sandbox = sandbox_of(place, config, programs_of(instances))
    preflight.check_sandbox(instances, sandbox.kind)
    return sandbox
