"""What a run's database says of each machine, as far as it can be done again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwater.canonical import Json
from stillwater.datasets import Dataset, Selection, instance_of, select
from stillwater.errors import InputError
from stillwater.machine import FINAL, Event, State
from stillwater.models.client import PromptTooLong
from stillwater.models.protocol import Completion, Request
from stillwater.snapshot import Past
from stillwater.store import MachineRow, RunRow, Store

Key = tuple[str, str]
"""What a machine of a run is known by: its instance and its arm."""
MARK = "replay"
"""What is in the evidence of a transition that only ends a replayed machine."""


@dataclass(frozen=True)
class Told:
    """One machine's transitions without the world's failures, up to where no step can repeat them.

    `ending` says why they end before a final state, or is None.
    """

    steps: tuple[Past, ...]
    ending: str | None


class Record:
    """A run as its database has it at this moment; what is added later isn't seen.

    `instances` are ids, or patterns with a shell's wildcards; all if empty.

    Raises:
        InputError: an instance that the run hasn't got, or nothing that could be replayed.
    """

    def __init__(self, store: Store, run: RunRow, instances: Sequence[str] = ()) -> None:
        self.store, self.run = store, run
        rows = store.machines(run.id)
        names = dict.fromkeys(row.instance_id for row in rows)
        contents = tuple(store.instance(run.dataset_sha256, name) for name in names)
        whole = Dataset(
            run.dataset, run.dataset_sha256, contents, tuple(map(instance_of, contents))
        )
        self.dataset = select(whole, Selection(instances))
        kept = {one.instance_id for one in self.dataset.instances}
        self.machines = {key_of(row): row for row in rows if row.instance_id in kept}
        if not any(row.seq for row in self.machines.values()):
            raise InputError(f"run {run.id} has no transition yet: there is nothing to replay")

    def told(self, key: Key) -> Told:
        """What is recorded of that machine."""
        row = self.machines[key]
        past = self.store.history(row.id)[: row.seq]
        steps: list[Past] = []
        for one in past:
            ending = _unrepeatable(one)
            if ending:
                return Told(tuple(steps), ending)
            if one.event is not Event.DEFER:
                steps.append(one)
        return Told(tuple(steps), None if row.state in FINAL else "it is unfinished in the record")


@dataclass(frozen=True)
class Answers:
    """The model of one recorded GENERATE: it answers whatever it is asked as it did then."""

    store: Store
    then: Past

    def complete(self, request: Request) -> Completion:
        """The recorded completion; PromptTooLong where that was the answer."""
        facts = self.then.evidence
        if "completion" not in self.then.artifacts:
            raise PromptTooLong(str(facts.get("reason")))
        text = self.store.artifact(self.then.artifacts["completion"]).decode("utf-8", "replace")
        used = facts.get("usage")
        usage = used if isinstance(used, Mapping) else {}
        cached, seconds = usage.get("cached_tokens"), facts.get("seconds")
        return Completion(
            text=text,
            finish_reason=str(facts.get("finish_reason", "stop")),
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            cached_tokens=None if cached is None else _count(cached),
            seconds=seconds if isinstance(seconds, int | float) else 0.0,
        )


def key_of(row: MachineRow) -> Key:
    """What the machine is known by in every database."""
    return row.instance_id, row.arm


def without_defers(past: Sequence[Past]) -> tuple[Past, ...]:
    """The transitions that aren't the world's failures."""
    return tuple(one for one in past if one.event is not Event.DEFER)


def is_mark(past: Past) -> bool:
    """Whether it only ends a replayed machine."""
    return MARK in past.evidence


def is_no_steps(past: Past) -> bool:
    """Whether it ended the machine without being what a step came to: an operator or the world."""
    return past.event is Event.ABORT and not past.artifacts and not is_mark(past)


def _unrepeatable(past: Past) -> str | None:
    if is_no_steps(past):
        return f"it was aborted in the record: {past.evidence.get('reason')}"
    crashed = past.event is Event.ABORT and "traceback" in past.artifacts
    if crashed and past.source is State.GENERATE:
        return "the step that asked the model crashed in the record, and what it said was not kept"
    return None


def _count(value: Json) -> int:
    return value if isinstance(value, int) else 0
