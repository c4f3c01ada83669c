"""How long tests may take, by what the baseline run told."""

import math
from typing import Any

import pytest

from stillwater import datasets
from stillwater.config import load
from stillwater.datasets import instance_of
from stillwater.machine import Event, State
from stillwater.snapshot import Past, Snapshot
from stillwater.steps.tools import hang_seconds


def after(baseline: Any, **changes: Any) -> Snapshot:
    row = {**datasets.load("samples").rows[0], **changes}
    read = Past(1, State.READ, Event.READ, State.GENERATE, 1, {"baseline": baseline})
    return Snapshot(
        run_id="r", machine_id=1, arm="default", state=State.TEST, attempt=1, model="m",
        instance=instance_of(row), config=load({}), past=(read,),
    )  # fmt: skip


@pytest.mark.parametrize(("took", "seconds"), [(1.0, 30.0), (20.0, 200.0)])
def test_ten_times_the_baseline_but_not_before_half_a_minute(took: float, seconds: float) -> None:
    ran = {"tests": {"a": "FAILED", "b": "PASSED"}, "seconds": took}
    assert hang_seconds(after(ran)) == seconds


@pytest.mark.parametrize("status", ["MISSING", "ERROR"])
def test_a_baseline_that_did_not_run_them_all_says_nothing_of_their_time(status: str) -> None:
    ran = {"tests": {"a": status, "b": "PASSED"}, "seconds": 1.0}
    assert hang_seconds(after(ran)) == math.inf


def test_a_command_that_is_judged_by_its_exit_may_have_stopped_at_the_first_failure() -> None:
    ran = {"tests": {"exit status 0": "FAILED"}, "seconds": 1.0}
    assert hang_seconds(after(ran, log_parser="exit")) == math.inf
