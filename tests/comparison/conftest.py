"""A comparison of three arms over eight instances, as a run would have left it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stillwater.canonical import Json
from stillwater.machine import Event
from stillwater.store import Store
from tests.cli.conftest import PATCH, Bench

ONE_LINE = "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
SEVERAL = ONE_LINE + "--- a/n.py\n+++ b/n.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
ARMS: dict[str, dict[str, Json]] = {
    "patch": {"attempts": 1, "applying": "git"},
    "direct": {"attempts": 1},
    "feedback": {"retry": "feedback"},
}
VERIFIED_AT = {
    "patch": {0: 1},
    "direct": {0: 1, 1: 1, 2: 1},
    "feedback": {1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 3},
}
"""By arm: the instances it repairs, and at which attempt."""
NAMES = [f"tide__tide-{n}" for n in range(4)] + [f"moss__moss-{n}" for n in range(4, 8)]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "arms.db"
    compared(path)
    return path


def compared(path: Path, names: Sequence[str] = tuple(NAMES)) -> None:
    """Leave there what a run of these instances would have left."""
    with Store.open(path) as store:
        _create(store, names)
        bench = Bench(store)
        for row in store.machines("compared"):
            number = int(row.instance_id.rpartition("-")[2])
            _drive(bench, row.id, VERIFIED_AT[row.arm].get(number), _attempts(row.arm))
        store.finish_run("compared")


def _create(store: Store, names: Sequence[str]) -> None:
    store.create_run(
        run_id="compared",
        dataset="samples <b>",
        dataset_sha256="c" * 64,
        config={
            "models": ["openai/local"], "attempts": 3, "feedback": "tests", "passed_over": [],
            "arms": ARMS,
        },
        version="0.1.0",
        rows=[
            {
                "instance_id": name,
                "repo": name.partition("-")[0].replace("__", "/"),
                "patch": SEVERAL if name.endswith("7") else ONE_LINE,
            }
            for name in names
        ],
        arms=dict.fromkeys(ARMS, "openai/local"),
    )  # fmt: skip


def _attempts(arm: str) -> int:
    return int(str(ARMS[arm].get("attempts", 3)))


def _drive(bench: Bench, machine_id: int, verified_at: int | None, attempts: int) -> None:
    bench.read(machine_id)
    for attempt in range(1, attempts + 1):
        if attempt == verified_at:
            bench.verify(machine_id)
            return
        bench.fail(machine_id, f"wrong {machine_id} {attempt}", PATCH + f"{machine_id} {attempt}")
        last = attempt == attempts
        event = Event.EXHAUSTED if last else Event.RETRY
        bench.go(machine_id, event, {"reason": "tests still fail"}, feedback="told")
