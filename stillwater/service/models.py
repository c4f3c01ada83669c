"""What the API says: the shapes of its answers."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from stillwater.machine import Event, State
from stillwater.service.worker import Activity

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class RunTold(BaseModel):
    """A run, and how far it is."""

    id: str
    created_at: datetime
    finished_at: datetime | None
    dataset: str
    dataset_sha256: Sha256
    version: str = Field(description="The version of Stillwater that planned it.")
    feedback: str | None = Field(
        description="Which failures its models see: tests or visible; or `differs`, by arm."
    )
    activity: Activity = Field(description="What the service does about it.")
    blocked: str | None = Field(description="What someone must see to before it can go on.")
    machines: dict[State, int] = Field(description="How many machines are in each state.")
    arms: list[str]


class SuccessTold(BaseModel):
    """How many machines of an arm were verified at attempt k or earlier."""

    arm: str
    k: int
    verified: int
    total: int


class RunWhole(RunTold):
    """A run with its configuration, and success at k."""

    success_at_k: list[SuccessTold]
    config: dict[str, Any]


class MachineTold(BaseModel):
    """A machine: one instance inside one run."""

    id: int
    run_id: str
    instance_id: str
    arm: str
    state: State
    attempt: int
    model: str
    not_before: datetime | None = Field(description="Until when it waits for the world.")
    created_at: datetime
    updated_at: datetime


class TransitionTold(BaseModel):
    """A transition without its evidence."""

    id: int
    machine_id: int
    run_id: str
    instance_id: str
    arm: str
    seq: int
    source: State
    event: Event
    target: State
    attempt: int
    started_at: datetime
    finished_at: datetime
    told: str = Field(description="What matters of its evidence, in one line.")


class TransitionWhole(TransitionTold):
    """A transition with its evidence and its place in the chain."""

    evidence: dict[str, Any]
    prev_sha256: Sha256
    sha256: Sha256


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some of a list, and where it goes on."""

    items: list[Item]
    next: str | None = Field(description="`after` for the next page; null at the end.")


class Health(BaseModel):
    """Whether the service does its work."""

    status: str
    version: str
    running: int = Field(description="Steps that run now.")
