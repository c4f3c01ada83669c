"""What a comparison tells: of machines, arms, pairs of arms, and groups of instances."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwater.machine import State


@dataclass(frozen=True)
class RunFacts:
    """When and of what a run was, and by which version; times are UTC, in ISO 8601."""

    id: str
    created_at: str
    finished_at: str | None
    dataset: str
    dataset_sha256: str
    version: str


@dataclass(frozen=True)
class MachineFigures:
    """One machine: at which attempt it was verified (None if it wasn't), and what it took.

    `cached_tokens` is None where its server told of none.
    """

    instance_id: str
    arm: str
    state: State
    repo: str
    kind: str
    passed_at: int | None
    calls: int
    applied: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None
    model_seconds: float
    seconds: float


@dataclass(frozen=True)
class ArmRecord:
    """What an arm is and what its machines came to, before it is held against the others.

    `ends` counts how attempts ended, by reason; `cost` is US dollars, None if a price is unknown.
    """

    arm: str
    models: tuple[str, ...]
    feedback: str
    attempts: int
    settings: Mapping[str, Any]
    ends: Mapping[str, int]
    cost: float | None
    machines: tuple[MachineFigures, ...]


@dataclass(frozen=True)
class ArmFigures:
    """One arm: shares are between 0 and 1, `interval` is Wilson's of 95 %, `cost` is US dollars.

    `success` is how many were verified by attempt 1, 2, …; `ends` how its attempts ended;
    `settings` what it sets otherwise than the run.
    """

    arm: str
    models: tuple[str, ...]
    feedback: str
    attempts: int
    settings: Mapping[str, Any]
    total: int
    verified: int
    interval: tuple[float, float] | None
    success: tuple[int, ...]
    calls: int
    applied: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None
    model_seconds: float
    seconds: float
    cost: float | None
    ends: Mapping[str, int]
    only: tuple[str, ...]
    """The instances that no other arm repaired."""
    machines: tuple[MachineFigures, ...]

    @property
    def rate(self) -> float | None:
        """The share of instances verified; None of none."""
        return self.verified / self.total if self.total else None


@dataclass(frozen=True)
class Difference:
    """Which instances only the first or only the second repaired, and McNemar's exact p."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    both: int
    neither: int
    p: float


@dataclass(frozen=True)
class Pair:
    """Two arms on the same instances: with the calls each may make, and with `calls` alike."""

    first: str
    second: str
    whole: Difference
    calls: int
    alike: Difference


@dataclass(frozen=True)
class Group:
    """One repository, or one kind of bug: how many instances, and how many each arm verified."""

    name: str
    total: int
    verified: Mapping[str, int]


@dataclass(frozen=True)
class Comparison:
    """All of it; `left_out` are the instances that some arm hasn't ended with."""

    arms: tuple[ArmFigures, ...]
    pairs: tuple[Pair, ...]
    repositories: tuple[Group, ...]
    kinds: tuple[Group, ...]
    instances: int
    left_out: tuple[str, ...]
