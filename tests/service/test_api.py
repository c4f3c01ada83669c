"""The API, as a client has it: shapes, pages, errors as problem documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from stillwater import datasets
from stillwater.machine import State
from tests.service.conftest import HOSTILE, PATCH, World

SAMPLE = {"model": "builtin/mutate", "settings": {"sandbox": "local"}}


def problem(answer: Any, status: int) -> str:
    """The sentence of a problem document of that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], bool(told["title"]), told["type"]) == (status, True, "about:blank")
    return str(told["detail"])


@pytest.fixture
def ended(world: World) -> World:
    """A service with one run of three machines that came to its end."""
    world.add("r-1", 3)
    world.begin()
    world.until(lambda: world.finished("r-1"))
    return world


def test_runs_are_listed_newest_first_a_page_at_a_time(world: World) -> None:
    for n in range(5):
        world.add(f"r-{n}", 1)
    first = world.client.get("/api/runs?limit=2").json()
    assert [one["id"] for one in first["items"]] == ["r-4", "r-3"]
    last = world.client.get(f"/api/runs?limit=3&after={first['next']}").json()
    assert [one["id"] for one in last["items"]] == ["r-2", "r-1", "r-0"]
    assert last["next"] is None
    assert "r-9" in problem(world.client.get("/api/runs?after=r-9"), 404)


def test_a_run_tells_its_machines_its_activity_and_success_at_k(ended: World) -> None:
    told = ended.client.get("/api/runs/r-1").json()
    assert (told["activity"], told["machines"]["VERIFIED"]) == ("finished", 3)
    assert told["success_at_k"][0] == {"arm": "default", "k": 1, "verified": 3, "total": 3}
    assert told["config"]["sandbox"] == "local"
    assert "no run nope" in problem(ended.client.get("/api/runs/nope"), 404)


def test_machines_and_transitions_come_by_the_page(ended: World) -> None:
    page = ended.client.get("/api/runs/r-1/machines?limit=2&state=VERIFIED").json()
    assert [one["instance_id"] for one in page["items"]] == ["i-0", "i-1"]
    rest = ended.client.get(f"/api/runs/r-1/machines?after={page['next']}").json()
    assert [one["instance_id"] for one in rest["items"]] == ["i-2"]
    assert ended.client.get("/api/runs/r-1/machines?state=FAILED").json()["items"] == []
    machine = page["items"][0]["id"]
    steps = ended.client.get(f"/api/machines/{machine}/transitions?limit=3").json()
    assert [one["event"] for one in steps["items"]] == ["read", "proposed", "applied"]
    rest = ended.client.get(f"/api/machines/{machine}/transitions?after={steps['next']}").json()
    assert [one["target"] for one in rest["items"]] == ["VERIFIED"]
    of_run = ended.client.get("/api/runs/r-1/transitions?limit=500").json()
    assert len(of_run["items"]) == 12
    assert "no machine 99" in problem(ended.client.get("/api/machines/99"), 404)


def test_an_artifact_is_text_whatever_a_model_wrote(ended: World) -> None:
    steps = ended.client.get("/api/machines/1/transitions").json()["items"]
    sha256 = steps[1]["evidence"]["artifacts"]["completion"]
    answer = ended.client.get(f"/api/artifacts/{sha256}")
    assert answer.text == HOSTILE
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    problem(ended.client.get(f"/api/artifacts/{'0' * 64}"), 404)
    problem(ended.client.get("/api/artifacts/..%2f..%2fetc%2fpasswd"), 404)


def test_predictions_and_the_report_are_those_of_the_command_line(ended: World) -> None:
    lines = ended.client.get("/api/runs/r-1/predictions").text.splitlines()
    assert [json.loads(line)["model_patch"] for line in lines] == [PATCH] * 3
    report = ended.client.get("/api/runs/r-1/report").json()
    assert (report["verified"], report["total"]) == (3, 3)
    assert "no arm x" in problem(ended.client.get("/api/runs/r-1/predictions?arm=x"), 404)


def test_a_finished_run_can_be_neither_cancelled_nor_resumed(ended: World) -> None:
    assert "is finished" in problem(ended.client.post("/api/runs/r-1/cancel"), 409)
    assert "is finished" in problem(ended.client.post("/api/runs/r-1/resume"), 409)
    problem(ended.client.post("/api/runs/nope/cancel"), 404)


def test_a_queued_run_is_cancelled(world: World) -> None:
    world.add("r-1")
    answer = world.client.post("/api/runs/r-1/cancel")
    assert (answer.status_code, answer.json()["activity"]) == (202, "finished")
    assert answer.json()["machines"]["FAILED"] == 2


def test_samples_are_submitted_by_name_and_queued(world: World) -> None:
    answer = world.client.post("/api/runs", json={**SAMPLE, "limit": 2, "arms": ["direct"]})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert answer.headers["location"] == f"/api/runs/{told['id']}"
    assert (told["dataset"], told["machines"]["READ"]) == ("samples", 2)
    assert (told["config"]["attempts"], told["arms"]) == (1, ["direct"])
    stored = world.store.machines(told["id"])
    assert [(row.arm, row.state) for row in stored] == [("direct", State.READ)] * 2


def test_a_dataset_is_uploaded(world: World) -> None:
    whole = datasets.load("samples")
    content = b"".join(json.dumps(row).encode() + b"\n" for row in whole.rows[:3])
    answer = world.client.post(
        "/api/runs/upload",
        files={"file": ("../../mine.jsonl", content)},
        data={"submission": json.dumps({**SAMPLE, "limit": 1})},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["dataset"] == "mine.jsonl"
    bad = world.client.post("/api/runs/upload", files={"file": ("mine.jsonl", b"{}\n")})
    assert "mine.jsonl, line 1" in problem(bad, 422)
    wrong = world.client.post("/api/runs/upload", files={"file": ("mine.exe", b"")})
    assert ".jsonl" in problem(wrong, 422)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dataset": "/etc/passwd"}, "no path of the server is read"),
        ({"dataset": "/etc/nothing-here"}, "no path of the server is read"),
        ({"dataset": "../stillwater"}, "no path of the server is read"),
        ({"dataset": "nothing/here.jsonl"}, "no path of the server is read"),
        ({"dataset": "sample"}, "did you mean samples"),
        ({"settings": {"api_base": "http://elsewhere"}}, "is the operator's"),
        ({"settings": {"endpoints": ["http://elsewhere"]}}, "is the operator's"),
        ({"settings": {"certificate_key": "/etc/shadow"}}, "is the operator's"),
        ({"settings": {"heads_git": "/"}}, "is the operator's"),
        ({"model": "oobabooga/http://10.0.0.1/x"}, "the operator's to set"),
        ({"model": None, "settings": {"models": ["m", "x/https://a/y"]}}, "the operator's to set"),
        ({"model": None, "settings": {"models": "x/https://a/y"}}, "the operator's to set"),
        (
            {"model": None, "settings": {"models": '["x/https:\\/\\/a/y"]'}},
            "the operator's to set",
        ),
        ({"settings": {"_cli_parse_args": ["--api_base=http://elsewhere"]}}, "no setting"),
        ({"settings": {"_env_prefix": "X_"}}, "no setting"),
        ({"settings": {"test_timeout": "inf"}}, "can't be 'inf'"),
        ({"settings": {"seed": 10**30}}, "'seed' can't be"),
        ({"settings": {"atempts": 3}}, "no setting"),
        ({"settings": {"attempts": 0}}, "can't be 0"),
        ({"settings": {"skills": ["../../secret"]}}, "no name of a skill"),
        ({"arms": ["dircet", "patch"]}, "did you mean direct"),
        ({"instances": ["nothing-*"]}, "nothing-*"),
        ({"limit": 0}, "limit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_submission_that_cannot_run_is_refused_in_a_sentence(
    world: World, asked: dict[str, Any], said: str
) -> None:
    answer = world.client.post("/api/runs", json={"model": "builtin/mutate", **asked})
    assert said in problem(answer, 422)
    assert world.store.runs() == []


def uploaded(world: World, repo_url: str) -> Any:
    """An upload of one instance whose repository lies there."""
    row = {**datasets.load("samples").rows[0], "repo_url": repo_url}
    return world.client.post(
        "/api/runs/upload",
        files={"file": ("mine.jsonl", json.dumps(row).encode())},
        data={"submission": json.dumps(SAMPLE)},
    )


@pytest.mark.parametrize(
    "url",
    [
        "/etc",
        "file:///etc",
        "FILE:///etc",
        "~/x",
        ".",
        "ext::sh -c id",
        "x/../../..",
        "bundled:../x",
    ],
)
def test_no_repository_of_the_server_is_read_for_a_submission(world: World, url: str) -> None:
    assert "is a path of the server" in problem(uploaded(world, url), 422)


def test_the_operator_opens_a_folder_of_repositories(tmp_path: Path) -> None:
    from stillwater.samples import materialise

    opened = tmp_path / "opened"
    name = datasets.load("samples").instances[0].repo.removeprefix("samples/")
    materialise(name, opened / "repository")
    world = World(tmp_path, repositories=(opened,))
    try:
        assert uploaded(world, str(opened / "repository")).status_code == 201
        inside = (opened / "repository").as_uri()
        assert uploaded(world, inside).status_code == 201
        for outside in (
            str(opened / ".." / "elsewhere"),
            f"file://{opened}/%2e%2e/elsewhere",
            f"file://{opened}/.%2E/elsewhere",
            f"FILE://{opened}/../elsewhere",
            f"file:/{opened}",
            f"file://.{opened}",
        ):
            assert "is a path of the server" in problem(uploaded(world, outside), 422)
    finally:
        world.close()


def test_a_request_that_is_too_large_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, most_uploaded=1000)
    try:
        answer = world.client.post("/api/runs", json={"dataset": "x" * 2000})
        problem(answer, 413)
        upload = world.client.post("/api/runs/upload", files={"file": ("mine.jsonl", b"{}" * 1000)})
        problem(upload, 413)
    finally:
        world.close()


def test_the_description_names_every_route(world: World) -> None:
    told = world.client.get("/api/openapi.json").json()
    assert told["openapi"].startswith("3.")
    assert "/api/runs/{run_id}/machines" in told["paths"]
    assert "Problem" in told["components"]["schemas"]
