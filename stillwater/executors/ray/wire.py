"""What the scheduler, the driver and the workers say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwater.config import Config
from stillwater.sandbox.choose import Kind
from stillwater.slots import Slot


@dataclass(frozen=True)
class Outfit:
    """What a worker makes its tools from, on its own node.

    `label` names the database: two of them share no work tree and no container there. `lender` is
    the scheduler's folder, whose repositories are read where the node has that folder too.
    """

    version: str
    label: str
    lender: Path
    sandbox: Kind
    config: Config
    arms: Mapping[str, Config]


@dataclass(frozen=True)
class Start:
    """The first message to a driver: which cluster, or with what to start one of its own."""

    address: str | None
    slots: Mapping[Slot, int]
    nodes: Mapping[Slot, Mapping[str, str]]
    """Labels that a node needs for a slot of this kind, as Ray's label selectors have them."""
    outfit: bytes
    version: str


@dataclass(frozen=True)
class Step:
    """One step to carry out; `machine` says which others it should be near to."""

    number: int
    machine: int
    slot: Slot
    snapshot: bytes


@dataclass(frozen=True)
class Cancel:
    """Everything that is under way is to be stopped."""


@dataclass(frozen=True)
class Slots:
    """What the cluster offers now: the first answer of a driver, and again when it changes."""

    slots: Mapping[Slot, int]


@dataclass(frozen=True)
class Refused:
    """The driver can't work, and ends: one sentence."""

    reason: str


@dataclass(frozen=True)
class Result:
    """A step's end, pickled by the worker."""

    number: int
    ended: bytes


@dataclass(frozen=True)
class Lost:
    """A step has no end: its worker or its node died, or Ray failed. One sentence."""

    number: int
    reason: str
