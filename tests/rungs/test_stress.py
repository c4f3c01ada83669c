"""Rung 274177: the improvement over the baseline, and verified patches tested again and again."""

import random
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stillwater import __version__
from stillwater.comparison.statistics import newcombe
from stillwater.machine import CANCELLED, State
from stillwater.rungs import flaky
from stillwater.rungs.orders import in_order_of, was_random
from stillwater.rungs.stress import stress
from stillwater.sandbox.protocol import Job
from stillwater.scheduler import abandon
from stillwater.store import NewRung, Store
from tests.rungs.world import AFTER, ALONE, FLAKY, STEADY, World, planned

pytestmark = pytest.mark.filterwarnings("ignore")


def climbed(world: World, *runs: str, holds: bool = True, version: str = __version__) -> None:
    """Write that 641 was tried of the runs."""
    with Store.open(world.db) as store:
        for run in runs:
            store.add_rung(NewRung(run, 641, holds, version, {"checked": []}))


def finding(told: Mapping[str, Any], what: str) -> dict[str, Any]:
    return next(one for one in told["checked"] if one["what"] == what)


def test_a_verified_patch_whose_test_is_flaky_is_caught(world: World) -> None:
    climbed(world, FLAKY)
    told = world.rung(274177, run=FLAKY)
    assert told["exit_code"] == 1
    found = finding(told, "verdicts")
    assert found["holds"] is False
    assert "s__s-1 (direct) is verified" in found["told"]
    assert AFTER in found["told"]
    (patch,) = found["patches"]
    assert patch["order"] == "random"
    assert patch["runs"] == 5
    assert 0 < patch["verified"] < 5
    with Store.open(world.db, read_only=True) as store:
        assert [(one.rung, one.holds) for one in store.rungs(FLAKY)] == [
            (641, True), (274177, False)
        ]  # fmt: skip


def test_the_improvement_is_told_with_its_interval(world: World) -> None:
    climbed(world, STEADY)
    told = world.rung(274177)
    assert told["exit_code"] == 0
    assert (told["arm"], told["baseline"], told["of"]) == ("direct", "patch", 1)
    found = finding(told, "improvement")
    assert found["difference"] == 1
    assert found["interval"] == [round(one, 6) for one in newcombe(0, 1, 0, 0) or ()]
    assert finding(told, "verdicts")["patches"][0]["verified"] == 5


def test_an_arm_that_repairs_less_than_the_baseline_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flaky, "TIMES", 1)
    climbed(world, STEADY)
    told = world.rung(274177, "--baseline", "direct", "--arm", "patch")
    assert told["exit_code"] == 1
    assert finding(told, "improvement")["holds"] is False


def test_it_needs_641_of_the_same_run_and_version(world: World) -> None:
    assert "needs rung 641 of run steady, which was not tried" in refused(world, STEADY)
    climbed(world, FLAKY)
    assert "was not tried" in refused(world, STEADY)
    climbed(world, STEADY, holds=False)
    assert "did not hold" in refused(world, STEADY)
    climbed(world, STEADY, version="0.0.9")
    assert "tried with Stillwater 0.0.9" in refused(world, STEADY)


def refused(world: World, run: str, *words: str) -> str:
    return world.refused(run, "--rung", "274177", *words)


def test_without_a_baseline_it_says_what_to_do(world: World) -> None:
    climbed(world, ALONE, STEADY)
    assert "stillwater compare DATASET --arm patch --arm" in refused(world, ALONE)
    assert "choose one of patch, direct with --baseline" in refused(
        world, STEADY, "--baseline", "mutate"
    )
    assert "that is the baseline" in refused(world, STEADY, "--arm", "patch")
    assert "--seed is not for rung 641" in world.refused("--rung", "641", "--seed", "1")
    assert "--arm is for rungs" in world.refused(STEADY, "--arm", "patch")


def test_a_sample_is_of_thirty_by_its_seed_and_wants_all_ended(tmp_path: Path) -> None:
    names = [f"s__s-{number}" for number in range(40)]
    with Store.open(tmp_path / "s.db") as store:
        asked = planned(store, *names)
        result = stress(asked, None, "patch", 30, 7)
        other = stress(asked, None, "patch", 30, 8)
        every = stress(asked, None, "patch", 40, 7)
        assert {row.state for row in store.machines("r")} == {State.READ}
    assert set(map(str, _names(result.facts))) == set(random.Random(7).sample(sorted(names), 30))
    assert _names(result.facts) != _names(other.facts)
    assert _names(every.facts) == names
    assert not result.holds
    assert "60 machines have not ended" in result.findings[0].told


def test_machines_that_were_cancelled_say_nothing_of_their_arm(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        asked = planned(store, "s__s-1")
        abandon(store, "r", CANCELLED, datetime.now(UTC))
        sample, improvement, _ = stress(asked, None, "patch", 30, 7).findings
    assert (sample.holds, improvement.holds) == (False, False)
    assert "2 machines were cancelled before their end" in sample.told
    assert improvement.told == "no instance has ended in both arms"


def _names(facts: Mapping[str, Any]) -> list[str]:
    return list(facts["instances"])


ORDER = "import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test_n(n):\n    print(n)\n"


def ordered(folder: Path, command: str, seed: str) -> tuple[int, bytes]:
    job = in_order_of(seed)(Job(folder, command, "ordered"))
    done = subprocess.run(
        ["/bin/sh", "-c", job.command], cwd=folder, capture_output=True, check=False,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
    )  # fmt: skip
    return done.returncode, done.stdout


def test_pytest_runs_the_tests_in_the_order_of_the_seed(tmp_path: Path) -> None:
    (tmp_path / "test_order.py").write_text(ORDER)
    command = "PYTHONPATH=$PWD python -m pytest -qs -p no:cacheprovider"
    (code, one), (_, again), (_, other) = (ordered(tmp_path, command, n) for n in ("1", "1", "2"))
    assert code == 0
    told = [re.findall(rb"^\.?(\d)$", out, re.MULTILINE) for out in (one, again, other)]
    assert told[0] == told[1] != told[2]
    assert sorted(told[0]) == sorted(told[2]) == [b"%d" % n for n in range(9)] != told[0]
    assert was_random(one)


def test_what_pytest_does_not_run_is_left_as_it_is(tmp_path: Path) -> None:
    assert ordered(tmp_path, "python -c 'print(1)'; exit 3", "1") == (3, b"1\n")
    assert not was_random(b"1\n")


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        # From Fagerland, Lydersen and Laake (2014, Statistics in Medicine 33, 2850-2875), and from
        # Newcombe's own paper.
        ((1, 1, 7, 12), -0.507, -0.026),
        ((0, 0, 0, 0), None, None),
        ((36, 12, 2, 0), 0.0569, 0.3404),
    ],
)
def test_newcombes_interval_is_the_published_one(
    table: tuple[int, int, int, int], low: float | None, high: float | None
) -> None:
    found = newcombe(*table)
    if low is None or high is None:
        assert found is None
        return
    assert found is not None
    assert list(found) == pytest.approx([low, high], abs=5e-4)
