"""What Prometheus is told: true numbers that no restart sets back, under few labels."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from stillwater import __version__
from stillwater.machine import Event, State
from stillwater.service.metrics import KINDS, OTHER, kind_of
from stillwater.snapshot import Outcome, Snapshot
from tests.models.server import Script, openai_server
from tests.service.asked import Asked, asked, fill
from tests.service.conftest import World, well
from tests.store.stories import fire_on

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Asked]:
    with asked(tmp_path / "s.db") as made:
        fill(made.store)
        yield made


def families(client: TestClient) -> dict[str, Metric]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {one.name: one for one in text_string_to_metric_families(answer.text)}


def values(client: TestClient) -> dict[str, float]:
    """The samples, as they stand in the text."""
    return {
        f"{one.name}{json.dumps(one.labels, sort_keys=True) if one.labels else ''}": one.value
        for family in families(client).values()
        for one in family.samples
    }


def test_each_metric_is_named_and_told_as_prometheus_wants(watched: Asked) -> None:
    found = families(watched.client)
    assert len(found) > 15
    for name, family in found.items():
        assert re.fullmatch(r"stillwater_[a-z_]+", name)
        assert re.fullmatch(r"[A-Z].*\.", family.documentation), name
        assert family.type in {"counter", "gauge", "histogram"}
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")


def test_the_numbers_are_those_of_the_database(watched: Asked) -> None:
    told = values(watched.client)
    assert told['stillwater_machines{"state": "VERIFIED"}'] == 1
    assert told['stillwater_machines{"state": "READ"}'] == 1
    assert told['stillwater_machines{"state": "TEST"}'] == 0
    assert told['stillwater_runs{"activity": "queued"}'] == 2
    assert told['stillwater_transitions_total{"event": "proposed", "source": "GENERATE"}'] == 2
    assert told['stillwater_attempts_total{"outcome": "passed"}'] == 1
    assert told['stillwater_attempts_total{"outcome": "failed"}'] == 1
    assert told['stillwater_attempts_total{"outcome": "unusable"}'] == 1
    assert told['stillwater_model_calls_total{"model": "small"}'] == 3
    assert told['stillwater_prompt_tokens_total{"model": "small"}'] == 300
    assert told['stillwater_completion_tokens_total{"model": "small"}'] == 60
    assert told['stillwater_deferrals_total{"reason": "model"}'] == 1
    assert told[f'stillwater_build_info{{"version": "{__version__}"}}'] == 1
    assert told["stillwater_wal_bytes"] > 0
    assert told["stillwater_disk_free_bytes"] > 0


def test_latency_is_a_histogram_of_what_the_model_took(watched: Asked) -> None:
    told = values(watched.client)
    name = "stillwater_model_latency_seconds"
    assert told[f'{name}_bucket{{"le": "2.0", "model": "small"}}'] == 0
    assert told[f'{name}_bucket{{"le": "5.0", "model": "small"}}'] == 3
    assert told[f'{name}_bucket{{"le": "+Inf", "model": "small"}}'] == 3
    assert told[f'{name}_count{{"model": "small"}}'] == 3
    assert told[f'{name}_sum{{"model": "small"}}'] == 7.5


def test_the_share_of_the_cache_counts_only_answers_that_tell_it(watched: Asked) -> None:
    share = 'stillwater_cached_share{"model": "small"}'
    assert share not in values(watched.client)
    usage = {"prompt_tokens": 400, "completion_tokens": 1, "cached_tokens": 100}
    fire_on(watched.store, 3, Event.PROPOSED, {"model": "small", "usage": usage})
    told = values(watched.client)
    assert told[share] == 0.25
    assert told['stillwater_model_calls_total{"model": "small"}'] == 4
    assert told['stillwater_model_latency_seconds_count{"model": "small"}'] == 3


def test_a_service_that_starts_again_tells_the_same(watched: Asked) -> None:
    first = values(watched.client)
    fire_on(watched.store, 4, Event.READ)
    fire_on(watched.store, 4, Event.DEFER, {"reason": "out of memory: free some"})
    later = values(watched.client)
    with asked(watched.service.db) as anew:
        fresh = values(anew.client)
    changing = ("stillwater_wal_bytes", "stillwater_disk_free_bytes", "stillwater_database_bytes")
    assert {k: v for k, v in later.items() if k not in changing} == {
        k: v for k, v in fresh.items() if k not in changing
    }
    counters = [name for name in first if name.partition("{")[0].endswith("_total")]
    assert all(later[name] >= first[name] for name in counters)
    assert later['stillwater_deferrals_total{"reason": "memory"}'] == 1


def test_what_runs_now_is_told_beside_what_may(watched: Asked) -> None:
    worker = watched.service.worker
    assert values(watched.client)['stillwater_slots{"resource": "model"}'] == 0
    worker._run_id = "run-1"
    worker.started(1, State.GENERATE, 1)
    worker.started(2, State.TEST, 1)
    told = values(watched.client)
    assert told['stillwater_runs{"activity": "running"}'] == 1
    assert told['stillwater_slots{"resource": "model"}'] == 1
    assert told['stillwater_slots_busy{"resource": "model"}'] == 1
    assert told['stillwater_slots_busy{"resource": "sandbox"}'] == 1
    assert told['stillwater_slots_busy{"resource": "cpu"}'] == 0
    assert told["stillwater_steps_running"] == 2


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("ollama_chat/m gives no answer: Connection refused, no space left", "model"),
        ("the model gave no answer within 600 s", "model"),
        ("openai/m can't be used: the key is refused", "model"),
        ("openai/m calls the request wrong: bad", "model"),
        ("No Docker Engine answers at unix:///d.sock: No such file", "engine"),
        ("The sandbox couldn't start a process: x", "engine"),
        ("a__b-1: the environment of its tests failed (cut off)", "engine"),
        ("The docker sandbox failed: [Errno 28] No space left on device", "disk"),
        ("the disk that holds x.db is full: free some space and try again", "disk"),
        ("a/b can't be fetched: Could not resolve host", "network"),
        ("git fetch took longer than 600 s", "network"),
        ("The image x isn't here and can't be pulled (no): load it", "network"),
        ("out of memory: free some, or allow this process more, and resume", "memory"),
        ("something <new>", OTHER),
        ("", OTHER),
    ],
)
def test_a_reason_is_told_as_one_of_a_few_kinds(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind


def test_no_reason_becomes_a_label(watched: Asked) -> None:
    for number in range(5):
        fire_on(watched.store, 3, Event.DEFER, {"reason": f"strange {number}"})
    samples = families(watched.client)["stillwater_deferrals"].samples
    assert {one.labels["reason"] for one in samples} == {*KINDS, OTHER}
    assert {one.labels["reason"]: one.value for one in samples}[OTHER] == 5


def test_an_empty_database_has_metrics(tmp_path: Path) -> None:
    with asked(tmp_path / "s.db") as made:
        told = values(made.client)
    assert told['stillwater_machines{"state": "READ"}'] == 0
    assert told['stillwater_attempts_total{"outcome": "passed"}'] == 0


def test_metrics_want_the_token_and_healthz_does_not(tmp_path: Path) -> None:
    token = "a-secret-that-nobody-guesses"
    with asked(tmp_path / "s.db", token) as made:
        assert made.client.get("/metrics").status_code == 401
        let_in = made.client.get("/metrics", headers={"authorization": f"Bearer {token}"})
        assert let_in.status_code == 200
        answer = made.client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_dashboard_asks_only_for_what_is_told(watched: Asked) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    offered = {
        sample.name for family in families(watched.client).values() for sample in family.samples
    }
    # These only where something was cached, and where a run that is driven has several servers.
    offered |= {"stillwater_cached_share", "stillwater_endpoint_up", "stillwater_endpoint_busy"}
    asked_for = {
        name
        for expression in _expressions(dashboard)
        for name in re.findall(r"stillwater_\w+", expression)
    }
    assert asked_for
    assert asked_for <= offered
    assert dashboard["uid"]
    assert [one["type"] for one in dashboard["templating"]["list"]] == ["datasource"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Prometheus's promtool")
def test_prometheus_understands_what_the_dashboard_asks(tmp_path: Path) -> None:
    asked = enumerate(_expressions(json.loads(DASHBOARD.read_text())))
    rules = [{"record": f"panel:{n}", "expr": expression} for n, expression in asked]
    file = tmp_path / "rules.json"  # which is YAML too
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Prometheus's promtool")
def test_prometheus_finds_no_fault_with_the_metrics(watched: Asked) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=watched.client.get("/metrics").text,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def _expressions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _expressions(one)


def test_the_slots_and_servers_of_the_driven_run_are_todays(world: World) -> None:
    seen: list[dict[str, float]] = []

    def step(snapshot: Snapshot) -> Outcome:
        if snapshot.state is State.GENERATE:
            seen.append(values(world.client))
        return well(snapshot)

    down = "http://127.0.0.1:9/v1"
    with openai_server(Script()) as up:
        world.add("r", model="openai/local", endpoints=(f"{up} 3", down), model_slots=5)
        world.begin(step)
        world.until(lambda: world.finished("r"))
    for told in seen:
        assert told['stillwater_slots{"resource": "model"}'] == 3
        assert told[f'stillwater_endpoint_up{{"endpoint": "{up}"}}'] == 1
        assert told[f'stillwater_endpoint_up{{"endpoint": "{down}"}}'] == 0
        assert told[f'stillwater_endpoint_busy{{"endpoint": "{up}"}}'] >= 1
    assert len(seen) == 2
