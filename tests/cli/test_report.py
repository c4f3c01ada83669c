import json
from pathlib import Path

from .conftest import Cli

KEYS = {
    "run",
    "feedback",
    "feedback_note",
    "total",
    "verified",
    "failed",
    "unfinished",
    "success_at_k",
    "repositories",
    "models",
    "seconds",
    "endings",
    "world_failures",
    "passed_over",
    "config",
    "machines",
    "comparison",
}


def test_json_has_its_documented_keys_and_the_numbers(cli: Cli, db: Path) -> None:
    told = json.loads(cli.out("report", "--json", "--db", db))
    assert set(told) == KEYS
    assert (told["total"], told["verified"], told["failed"], told["unfinished"]) == (3, 1, 2, 0)
    assert [row["verified"] for row in told["success_at_k"]] == [0, 1]
    assert told["feedback"] == "tests"
    assert told["passed_over"] == ["ollama_chat/llama3.1:8b: nothing answers"]
    assert told["world_failures"] == {
        "defers": 1,
        "waiting_seconds": 2.0,
        "reasons": [{"reason": "model down", "defers": 1, "machines": 1, "waiting_seconds": 2.0}],
    }
    (model,) = told["models"]
    assert (model["calls"], model["prompt_tokens"], model["cached_share"]) == (4, 4800, 0.5)
    assert (model["machines"], model["verified"]) == (2, 1)
    assert {one["event"]: one["machines"] for one in told["endings"]} == {
        "passed": 1,
        "exhausted": 1,
        "invalid": 1,
    }
    assert [one["repo"] for one in told["repositories"]] == ["ledger/ledger", "waypost/way"]
    assert told["machines"][0]["patch_sha256"]
    assert told["seconds"]["median"] == 80.0


def test_the_report_tells_a_person_the_same(cli: Cli, db: Path) -> None:
    told = cli.out("report", "run-old", "--db", db)
    assert "run run-old  ·  samples  ·  stillwater 0.1.0  ·  finished" in told
    assert "not a SWE-bench score" in told
    assert "passed over: ollama_chat/llama3.1:8b: nothing answers" in told
    assert "the answer held no usable edit" in told
    assert "World failures: deferred 1×, waited 2.0 s" in told
    assert told.rstrip().endswith("Final: 1/3 verified (33%)")


def test_the_newest_run_is_reported_and_called_unfinished(cli: Cli, unfinished: Path) -> None:
    told = cli.out("report", "--db", unfinished)
    assert "run run-new" in told
    assert "unfinished: 2 still to do" in told


def test_an_unknown_run_is_refused_with_what_to_do(cli: Cli, db: Path) -> None:
    assert "`stillwater status`" in cli.refuses("report", "nope", "--db", db)


def test_two_ways_to_tell_it_are_refused(cli: Cli, db: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    words = ("report", "--json", "--html", page, "--db", db)
    assert "--json and --html: give one at a time" in cli.refuses(*words)
    assert not page.exists()
