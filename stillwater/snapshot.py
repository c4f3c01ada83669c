"""What goes into a step and what comes out: the snapshot, the outcome, and their artifacts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from stillwater.canonical import Json, digest
from stillwater.machine import Event, State

if TYPE_CHECKING:
    from stillwater.config import Config
    from stillwater.datasets import Instance

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True)
class Artifact:
    """A blob worth keeping; `kind` is prompt, completion, edits, patch, feedback or log."""

    kind: str
    content: bytes
    media_type: str = TEXT

    @cached_property
    def sha256(self) -> str:
        """The name it is stored under."""
        return digest(self.content)


@dataclass(frozen=True)
class Outcome:
    """What a step found: the event, the small facts, and the blobs by their name in the evidence.

    The committed evidence is `evidence` plus `{"artifacts": {name: sha256}}`.
    `model` is the model that the next attempt uses, where the step chose one.
    """

    event: Event
    evidence: Mapping[str, Json] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    model: str | None = None


@dataclass(frozen=True)
class Past:
    """One committed transition, as steps and readers see it."""

    seq: int
    source: State
    event: Event
    target: State
    attempt: int
    evidence: Mapping[str, Json]

    @cached_property
    def artifacts(self) -> Mapping[str, str]:
        """Names of the artifacts in the evidence, with their SHA-256."""
        named = self.evidence.get("artifacts")
        return {k: str(v) for k, v in named.items()} if isinstance(named, Mapping) else {}


@dataclass(frozen=True)
class Snapshot:
    """Everything a step needs: the instance, the configuration, the history of attempts."""

    run_id: str
    machine_id: int
    arm: str
    instance: "Instance"
    config: "Config"
    state: State
    attempt: int
    model: str
    past: tuple[Past, ...] = ()
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    endpoint: str | None = None
    """The server that is to answer, where the run has several."""
    patient_since: int = 0
    """The seq of the machine's last transition before this scheduler: no older wait counts."""
    others_served: bool = True
    """Whether what this step needs has served another machine since this one began to wait."""

    def last(self, event: Event, attempt: int | None = None) -> Past | None:
        """The newest transition with this event (of this attempt, where one is given)."""
        for past in reversed(self.past):
            if past.event is event and attempt in (None, past.attempt):
                return past
        return None

    def content(self, past: Past, name: str) -> bytes:
        """The bytes of the artifact called `name` in that transition; KeyError if it has none."""
        return self.blobs[past.artifacts[name]]

    def text(self, past: Past, name: str) -> str:
        """The same as text; bytes that aren't UTF-8 are replaced."""
        return self.content(past, name).decode("utf-8", "replace")
