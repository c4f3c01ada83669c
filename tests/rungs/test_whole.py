"""Rung 65537: all of a run, from nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stillwater import __version__, runs
from stillwater.machine import Event, State
from stillwater.rungs.whole import whole
from stillwater.runs import Stopped
from stillwater.snapshot import Outcome
from stillwater.steps import STEPS
from stillwater.store import NewRung, Store
from tests.certificates.world import out
from tests.rungs.world import STEADY, World, planned

pytestmark = pytest.mark.filterwarnings("ignore")
CERTIFICATE = "s__s-1.json"


def climbed(world: World, arm: str = "direct") -> None:
    """Write that the rungs below were found to hold."""
    with Store.open(world.db) as store:
        for rung in (641, 274177):
            store.add_rung(NewRung(STEADY, rung, True, __version__, {"checked": [], "arm": arm}))


def held(told: Mapping[str, Any]) -> dict[str, Any]:
    return {one["what"]: one["holds"] for one in told["checked"]}


def said(told: Mapping[str, Any], what: str) -> str:
    return next(str(one["told"]) for one in told["checked"] if one["what"] == what)


def top(world: World, at_least: str = "0.6", *words: str) -> dict[str, Any]:
    return world.rung(65537, "--at-least", at_least, "--out", "certificates", *words)


def test_all_holds_and_the_certificates_are_those_of_export(world: World) -> None:
    climbed(world)
    told = top(world)
    assert told["exit_code"] == 0
    every = ("ended", "success", "from nothing", "certificates", "replay")
    assert held(told) == dict.fromkeys(every, True)
    assert said(told, "success").startswith("direct verified 1 of 1: 100%")
    assert "2 machines, 9 transitions: the same" in said(told, "replay")
    out("export", "certificates", STEADY, "--arm", "direct", "--out", "plain", "--db", world.db)
    assert Path("certificates", CERTIFICATE).read_bytes() == Path("plain", CERTIFICATE).read_bytes()
    with Store.open(world.db, read_only=True) as store:
        assert [(one.rung, one.holds) for one in store.rungs(STEADY)][-1] == (65537, True)


def test_too_few_verified_fail_it(world: World) -> None:
    climbed(world, "patch")
    told = top(world)
    assert told["exit_code"] == 1
    assert held(told)["success"] is False
    assert held(told)["from nothing"] is held(told)["certificates"] is None
    assert "patch verified 0 of 1: 0%" in said(told, "success")
    assert list(Path("certificates").iterdir()) == []


def test_the_cache_is_no_clone(made: World, world: World) -> None:
    climbed(world)
    hidden = made.source.rename(made.folder / "hidden")
    try:
        told = top(world)
    finally:
        hidden.rename(made.source)
    assert told["exit_code"] == 1
    assert held(told)["from nothing"] is False
    assert held(told)["replay"] is True
    assert list(Path("certificates").iterdir()) == []


def test_a_replay_that_differs_fails_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    climbed(world)
    other = Outcome(Event.REJECTED, {"problem": "not today"})
    monkeypatch.setitem(STEPS, State.APPLY, lambda snapshot, tools: other)
    told = top(world)
    assert told["exit_code"] == 1
    assert held(told)["from nothing"] is True
    assert held(told)["replay"] is False
    assert "attempt 1, in APPLY: event" in said(told, "replay")


def test_a_replay_that_the_world_stopped_decides_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    climbed(world)
    monkeypatch.setattr(runs, "drive", lambda *_: Stopped(blocked="no memory is left"))
    words = ("--rung", "65537", "--at-least", "0.6", "--out", "certificates")
    assert world.refused(STEADY, *words) == "the replay was stopped: no memory is left"
    with Store.open(world.db, read_only=True) as store:
        assert 65537 not in [one.rung for one in store.rungs(STEADY)]


def test_a_run_that_goes_on_is_no_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        asked = planned(store, "s__s-1")
        store.add_rung(NewRung("r", 274177, True, __version__, {"arm": "direct"}))
        result = whole(asked, store.rungs("r")[0], None, 0.6, lambda made: None)
    assert not result.holds
    assert "2 of 2 have not: stillwater resume r" in result.findings[0].told


def test_what_it_wants_is_said_before_anything_is_run(world: World, tmp_path: Path) -> None:
    words = (STEADY, "--rung", "65537", "--at-least", "0.6", "--out")
    assert "--at-least 0.6 --out DIR" in world.refused(STEADY, "--rung", "65537")
    assert "needs rung 274177 of run steady" in world.refused(*words, str(tmp_path / "c"))
    climbed(world)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    assert "is not empty" in world.refused(*words, str(tmp_path / "full"))
    assert "tried of the arm direct, not of patch" in world.refused(
        *words, str(tmp_path / "c"), "--arm", "patch"
    )
    with Store.open(world.db, read_only=True) as store:
        assert [one.rung for one in store.rungs(STEADY)] == [641, 274177]
