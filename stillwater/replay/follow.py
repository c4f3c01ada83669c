"""The steps of a replay: the real ones, each held to the record before it is taken.

A machine that differs from its record goes no further: what it would do next says nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from stillwater.machine import Event, State
from stillwater.replay.differ import differing
from stillwater.replay.record import MARK, Answers, Record, without_defers
from stillwater.snapshot import Outcome, Snapshot
from stillwater.steps import STEPS, Step, Tools


def following(record: Record) -> Mapping[State, Step]:
    """For each state its step, with the recorded completions in place of the model."""
    return {state: _held(record, step) for state, step in STEPS.items()}


def _held(record: Record, step: Step) -> Step:
    def replayed(snapshot: Snapshot, tools: Tools) -> Outcome:
        told = record.told((snapshot.instance.instance_id, snapshot.arm))
        now = without_defers(snapshot.past)
        if any(differing(*pair) for pair in zip(told.steps, now, strict=False)):
            return _ended("it differs from the record")
        if len(now) >= len(told.steps):
            return _ended(told.ending or "the record ends here")
        if snapshot.state is not State.GENERATE:
            return step(snapshot, tools)
        then = told.steps[len(now)]
        model = str(then.evidence.get("model", snapshot.model))
        answers = Answers(record.store, then)
        return step(replace(snapshot, model=model), replace(tools, models=answers))

    return replayed


def _ended(reason: str) -> Outcome:
    return Outcome(Event.ABORT, {"reason": reason, MARK: "ended"})
