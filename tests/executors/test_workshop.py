"""Waiting for the world: for how long, and how often."""

from stillwater import datasets
from stillwater.config import load
from stillwater.datasets import instance_of
from stillwater.errors import WorldError
from stillwater.executors.workshop import LONGEST_WAIT, deferred
from stillwater.machine import Event, State
from stillwater.snapshot import Past, Snapshot


def test_no_wait_is_longer_than_the_longest_however_many_were_before() -> None:
    waits = [Past(n, State.GENERATE, Event.DEFER, State.GENERATE, 1, {}) for n in range(1, 3000)]
    snapshot = Snapshot(
        run_id="r", machine_id=1, arm="default", state=State.GENERATE, attempt=1, model="m",
        instance=instance_of(datasets.load("samples").rows[0]), config=load({"max_defers": 9999}),
        past=tuple(waits),
    )  # fmt: skip
    outcome = deferred(snapshot, WorldError("down")).outcome
    assert outcome is not None
    assert outcome.event is Event.DEFER
    assert outcome.evidence["wait_seconds"] == LONGEST_WAIT
