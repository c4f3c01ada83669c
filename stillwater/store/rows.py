"""What the store hands out: a run, a machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from stillwater.canonical import Json
from stillwater.machine import State


@dataclass(frozen=True)
class RunRow:
    """A batch of instances under one frozen configuration."""

    id: str
    created_at: datetime
    finished_at: datetime | None
    dataset: str
    dataset_sha256: str
    config: Mapping[str, Json]
    version: str


@dataclass(frozen=True)
class MachineRow:
    """Where one machine stands.

    `seq` is that of its last transition, 0 before the first; `head` is that one's SHA-256.
    """

    id: int
    run_id: str
    instance_id: str
    arm: str
    state: State
    attempt: int
    model: str
    not_before: datetime | None
    lease_owner: str | None
    lease_until: datetime | None
    created_at: datetime
    updated_at: datetime
    seq: int
    head: str | None
