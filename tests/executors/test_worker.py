"""A node that can't do what it is asked: the step waits, and says which node and why."""

import pickle
import platform

from stillwater import __version__, datasets
from stillwater.config import load
from stillwater.datasets import instance_of
from stillwater.executors.protocol import Ended
from stillwater.executors.ray.worker import perform
from stillwater.machine import Event, State
from stillwater.snapshot import Snapshot


def test_a_node_with_another_stillwater_does_nothing_and_stops_the_run() -> None:
    snapshot = Snapshot(
        run_id="r", machine_id=1, arm="default", state=State.READ, attempt=1, model="m",
        instance=instance_of(datasets.load("samples").rows[0]), config=load({"max_defers": 0}),
    )  # fmt: skip
    # Its outfit may be of a shape that this node doesn't know, and isn't looked at.
    ended: Ended = pickle.loads(perform("9.9.9", b"of another time", pickle.dumps(snapshot)))
    assert ended.outcome is not None
    assert ended.outcome.event is Event.DEFER  # not ended, though it may never wait
    told = f"{platform.node()} has Stillwater {__version__}, the scheduler 9.9.9"
    assert ended.needs_a_person is not None
    assert ended.needs_a_person.startswith(told)
