"""What the database holds of a verified machine: all that its certificate says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from stillwater import __version__
from stillwater.canonical import Json, canonical, digest
from stillwater.config import Config, frozen, stored
from stillwater.datasets import Instance, instance_of
from stillwater.errors import InputError
from stillwater.machine import ANSWERED, Event
from stillwater.repository import Repositories
from stillwater.steps.tools import environment_key
from stillwater.store import MachineRow, RunRow, Store, queries
from stillwater.store.times import stamp

PRIVATE = frozenset(
    {"api_base", "endpoints", "heads_git", "repo_url", "image_budget"}
    | {"lease_seconds", "model_slots", "sandbox_slots"}
)
"""Settings that say where and how a machine worked, not what it asked or judged by."""
NOT_ASKED = "its run was made before Stillwater asked for it"
_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*:|[^/@]+@[^/:]+:")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True)
class Proof:
    """What is certified: the patch, the status of each test with it, and `facts` for the rest."""

    instance_id: str
    patch: str
    after: Mapping[str, str]
    configuration: Sequence[Json]
    facts: Mapping[str, Json]


def gather(store: Store, run: RunRow, machine: MachineRow, patch: bytes) -> Proof:
    """The proof of one verified machine, whose verified patch is `patch`.

    Raises:
        InputError: what the database holds of it is no proof.
    """
    steps = queries.timeline(store.path, machine.id)
    row = store.instance(run.dataset_sha256, machine.instance_id)
    instance, settings = _instance(row), frozen(run.config, machine.arm)
    read, passed = _last(steps, Event.READ), _last(steps, Event.PASSED)
    after = _statuses(passed.evidence)
    environment = _environment(instance, settings, read.evidence, passed.evidence)
    facts: dict[str, Json] = {
        "patch": _text(patch, machine.instance_id),
        "instance": _shown(instance),
        "instance_sha256": digest(canonical(row)),
        "repository": address(Repositories(Path(), settings.repo_url).url(instance)),
        "dataset": {"name": run.dataset, "sha256": run.dataset_sha256},
        "run": run.id,
        "arm": machine.arm,
        "models": _models(run, machine.arm, steps),
        "feedback": settings.feedback,
        "attempts": {"made": passed.attempt, "allowed": settings.attempts},
        "config": {k: v for k, v in stored(settings).items() if k not in PRIVATE},
        "tests": {"before": _statuses(_mapping(read.evidence, "baseline")), "after": after},
        "environment": environment,
        "chain": _head(passed),
        "versions": {
            **_mapping(run.config, "versions"),
            "stillwater": run.version,
            "exported_by": __version__,
        },
    }
    configuration: list[Json] = [
        {"name": f"dataset {run.dataset}", "digest": {"sha256": run.dataset_sha256}},
        {"name": machine.instance_id, "digest": {"sha256": str(facts["instance_sha256"])}},
    ]
    if isinstance(environment["digest"], str):
        kind, _, value = environment["digest"].partition(":")
        configuration.append({"name": f"image {environment['image']}", "digest": {kind: value}})
    return Proof(machine.instance_id, str(facts["patch"]), after, configuration, facts)


def _instance(row: Mapping[str, Json]) -> Instance:
    try:
        return instance_of(row)
    except ValidationError as error:
        name = str(row.get("instance_id"))
        raise InputError(f"the row of {name} in the database is no instance") from error


def _shown(instance: Instance) -> dict[str, Json]:
    """The instance without the dataset's own fix, without credentials and paths."""
    shown: dict[str, Json] = instance.model_dump(mode="json", exclude={"patch"}, exclude_none=True)
    if instance.repo_url:
        shown["repo_url"] = address(instance.repo_url)
    return shown


def address(url: str) -> str | None:
    """What others may be told of where a repository is; a path is this machine's own affair."""
    return _CREDENTIALS.sub("", url) if _ADDRESS.match(url) else None


def _last(steps: Sequence[queries.Step], event: Event) -> queries.Step:
    found = next((step for step in reversed(steps) if step.event is event), None)
    if found is None:
        raise InputError(f"the database has no {event} of this machine: it can't be certified")
    return found


def _mapping(facts: Mapping[str, Json], name: str) -> dict[str, Json]:
    found = facts.get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def _statuses(facts: Mapping[str, Json]) -> dict[str, str]:
    return {test: str(status) for test, status in _mapping(facts, "tests").items()}


def _text(patch: bytes, instance_id: str) -> str:
    try:
        return patch.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the patch of {instance_id} is not UTF-8: it can't be certified"
        ) from error


def _models(run: RunRow, arm: str, steps: Sequence[queries.Step]) -> list[Json]:
    """Each model that was asked, what its server told of it, and in which attempts."""
    asked: dict[str, list[Json]] = {}
    for step in steps:
        if step.event in ANSWERED:
            asked.setdefault(str(step.evidence.get("model")), []).append(step.attempt)
    served = _mapping(run.config, "served") | _mapping(_mapping(run.config, "served_apart"), arm)
    unknown: dict[str, Json] = {"digest": None, "reason": NOT_ASKED, "facts": {}}
    return [
        {"name": name, **(_mapping(served, name) or unknown), "attempts": attempts}
        for name, attempts in asked.items()
    ]


def _environment(
    instance: Instance, settings: Config, read: Mapping[str, Json], passed: Mapping[str, Json]
) -> dict[str, Json]:
    kind = _mapping(read, "sandbox").get("kind")
    image = instance.image if instance.runs_in_image else settings.docker_image
    known = passed.get("image")
    reason = None if known else NOT_ASKED if kind == "docker" else "the local sandbox has no image"
    return {
        "sandbox": kind,
        "image": image if kind == "docker" else None,
        "digest": known,
        "reason": reason,
        "key": environment_key(instance) if instance.setup_command else None,
    }


def _head(passed: queries.Step) -> dict[str, Json]:
    """The head of the chain when the machine was verified: it vouches for every row before it."""
    return {"id": passed.id, "sha256": passed.sha256, "at": stamp(passed.finished_at)}
