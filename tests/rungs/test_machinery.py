"""Rung 641: the machinery itself, the run's chain, the model's real context."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest

from stillwater import __version__, config
from stillwater.audit.whole import audit
from stillwater.machine import Event, State, edges
from stillwater.models.reach import Reach, reach
from stillwater.rungs import canary
from stillwater.rungs.machinery import context_of
from stillwater.snapshot import Outcome
from stillwater.steps import STEPS
from stillwater.store import Store
from tests.certificates.world import call
from tests.models.server import Script, openai_server
from tests.rungs.world import STEADY, World

pytestmark = pytest.mark.filterwarnings("ignore")


def checked(told: Mapping[str, Any]) -> dict[str, Any]:
    return {one["what"]: one["holds"] for one in told["checked"]}


def said(told: Mapping[str, Any], what: str) -> str:
    return next(str(one["told"]) for one in told["checked"] if one["what"] == what)


def test_canaries_walk_every_edge_and_what_was_found_is_evidence(world: World) -> None:
    told = world.rung(641)
    assert told["exit_code"] == 0
    found = checked(told)
    assert found["sandbox local"] is found["edges, local"] is found["chain, local"] is True
    assert (
        said(told, "edges, local") == f"{len(edges())} of {len(edges())} edges of the graph walked"
    )
    assert found["the run's database"] is True
    # The world's doing: no engine, no server.
    assert found["sandbox docker"] is found["context of openai/strong"] is None
    with Store.open(world.db, read_only=True) as store:
        (row,) = store.rungs(STEADY)
    assert (row.rung, row.holds, row.version, row.stands) == (641, True, __version__, True)
    assert row.result["checked"] == told["checked"]
    assert audit(world.db).checked["rungs"] == 1


def test_it_prints_what_it_checked(world: World) -> None:
    result = call("verify", "--rung", "641", "--db", world.db)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["checked", "result", "told"]
    assert any(line.startswith("edges, local") and " ok " in line for line in lines)
    assert any(line.startswith("sandbox docker") and "not checked" in line for line in lines)
    assert lines[-1].startswith("Rung 641 holds of run ")


def test_a_step_that_does_not_keep_the_graph_fails_the_rung(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STEPS, State.TEST, lambda snapshot, tools: Outcome(Event.PASSED))
    told = world.rung(641)
    assert told["exit_code"] == 1
    assert checked(told)["sandbox local"] is False
    assert "refuted went read proposed applied passed" in said(told, "sandbox local")
    assert "TEST failed REFINE" in said(told, "edges, local")


def test_an_edge_that_no_canary_walks_fails_the_rung(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tuple(one for one in canary.CANARIES if one.name != "exhausted")
    monkeypatch.setattr(canary, "CANARIES", left)
    told = world.rung(641)
    assert told["exit_code"] == 1
    assert "not walked: REFINE exhausted FAILED" in said(told, "edges, local")


def test_a_chain_that_was_tampered_with_fails_the_rung(world: World) -> None:
    with closing(sqlite.connect(world.db, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER transitions_no_update")
        raw.execute("UPDATE transitions SET evidence = '{}' WHERE id = 2")
    told = world.rung(641)
    assert told["exit_code"] == 1
    assert said(told, "the run's database").startswith("transitions 2:")


def test_a_context_shorter_than_the_configured_one_fails() -> None:
    with openai_server(Script(context=4096)) as base:
        found = reach("openai/local", base, None)
    assert context_of(found, 16384).holds is False
    assert "4096 tokens, num_ctx is 16384" in context_of(found, 16384).told
    assert context_of(found, 4096).holds is True
    assert context_of(reach("openai/local", base, None), 4096).holds is None


def test_a_model_of_our_own_has_no_context_to_check() -> None:
    assert context_of(Reach("builtin/mutate"), config.load().num_ctx).holds is None


@pytest.mark.docker
def test_canaries_walk_every_edge_in_docker_too(
    world: World, docker_engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    told = world.rung(641)
    assert told["exit_code"] == 0
    found = checked(told)
    assert found["sandbox docker"] is found["edges, docker"] is found["chain, docker"] is True


def test_what_cannot_be_asked_is_said_in_a_sentence(world: World, tmp_path: Path) -> None:
    assert "there are 641" in world.refused("--rung", "7")
    assert "there is no run nowhere" in world.refused("nowhere", "--rung", "641")
    assert "--rung 641" in world.refused(STEADY)
    assert "a rung: --rung 641" in world.refused()
    assert "--repo is for certificates" in world.refused("--rung", "641", "--repo", "x")
    assert "--json is for rungs" in world.refused(STEADY, "--json")
    with Store.open(world.db, read_only=True) as store:
        assert store.rungs(STEADY) == []
    none = call("verify", "--rung", "641", "--db", tmp_path / "none.db")
    assert "no database at" in str(none.exception)
    assert not (tmp_path / "none.db").exists()
