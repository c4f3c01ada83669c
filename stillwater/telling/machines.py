"""What the record says of one machine: its settings, artifacts and patch."""

from collections.abc import Mapping, Sequence

from stillwater.canonical import Json
from stillwater.config import own_settings
from stillwater.machine import Event
from stillwater.store import RunRow, queries


def artifacts_of(step: queries.Step) -> Mapping[str, str]:
    """Names of the artifacts in the evidence of a transition, with their SHA-256."""
    named = step.evidence.get("artifacts")
    return {str(k): str(v) for k, v in named.items()} if isinstance(named, Mapping) else {}


def setting(run: RunRow, arm: str, name: str) -> Json:
    """What a run's machines of that arm were set to; None if the run doesn't say."""
    settings: Mapping[str, Json] = {**run.config, **own_settings(run.config, arm)}
    return settings.get(name)


def patch_of(steps: Sequence[queries.Step], *, verified: bool) -> str | None:
    """The digest of the verified patch; or with `verified=False`, of the last that applied."""
    if verified and not (steps and steps[-1].event is Event.PASSED):
        return None
    for step in reversed(steps):
        if step.event is Event.APPLIED and "patch" in artifacts_of(step):
            return artifacts_of(step)["patch"]
    return None
