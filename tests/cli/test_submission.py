"""`stillwater export submission`: what the leaderboard asks for, and nothing that it forbids."""

import json
from pathlib import Path

import pytest

from stillwater.canonical import Json
from stillwater.machine import Event
from stillwater.store import Store

from .conftest import ESCAPES, PATCH, USAGE, Bench, Cli, create

WRONG = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
ROW: dict[str, Json] = {
    "repo": "a/a", "base_commit": "c", "problem_statement": f"```\nthe issue {ESCAPES}",
    "FAIL_TO_PASS": ["t::new"], "PASS_TO_PASS": ["t::a", "t::b"], "hints_text": "the hint",
}  # fmt: skip
JUDGED: dict[str, Json] = {
    "tests": {"t::new": "FAILED", "t::a": "PASSED", "t::b": "FAILED"},
    "fail_to_pass": {"passed": [], "failed": ["t::new"]},
    "pass_to_pass": {"passed_count": 1, "failed": ["t::b"]},
}


def visible(folder: Path, *names: str, **config: Json) -> tuple[Path, Bench, list[int]]:
    """A run that hid the tests, its machines not yet begun."""
    db = folder / "visible.db"
    store = Store.open(db)
    store.create_run(
        run_id="run-1", dataset="lite", dataset_sha256="c" * 64, version="0.1.0",
        config={"attempts": 2, "feedback": "visible", **config},
        rows=[{"instance_id": name, **ROW} for name in names], arms={"default": "m"},
    )  # fmt: skip
    return db, Bench(store), [row.id for row in store.machines("run-1")]


def begin(bench: Bench, machine: int) -> None:
    files: list[Json] = [{"path": "x.py", "why": ["issue: `names` it"], "lines": [[3, 9]]}]
    evidence: dict[str, Json] = {
        "files": files,
        "baseline": {"tests": {"t::new": "MISSING"}},
        "visible": {"t::a": "PASSED", "t::b": "PASSED"},
        "sandbox": {"kind": "docker", "walls": {"network": "none attached"}},
    }
    bench.go(machine, Event.READ, evidence, log="the baseline log")


def attempt(bench: Bench, machine: int, answer: str, patch: str) -> None:
    facts: dict[str, Json] = {"model": "m", "usage": dict(USAGE), "repairs": ["closed the fence"]}
    prompt = json.dumps([{"role": "user", "content": "repair `it`"}])
    bench.go(machine, Event.PROPOSED, facts, prompt=prompt, completion=answer, edits="[]")
    bench.go(machine, Event.APPLIED, {"placed": []}, patch=patch)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """One verified, one refuted at its second attempt, one without a candidate, one invalid."""
    path, bench, (good, refuted, none, invalid) = visible(tmp_path, "a__1", "a__2", "a__3", "a__4")
    begin(bench, good)
    attempt(bench, good, "right", PATCH)
    passed: dict[str, Json] = {
        "fail_to_pass": {"passed": ["t::new"], "failed": []},
        "pass_to_pass": {"passed_count": 2, "failed": []},
    }
    bench.go(good, Event.PASSED, passed, log="all passed")
    begin(bench, refuted)
    attempt(bench, refuted, f"wrong {ESCAPES}\n````\n", "--- a/first\n+++ b/first\n")
    broke: dict[str, Json] = {"pass_to_pass": {"passed_count": 1, "failed": ["t::b"]}}
    bench.go(refuted, Event.FAILED, broke, log="visible log")
    bench.go(refuted, Event.RETRY, {"reason": "tests still fail"}, feedback="b broke")
    attempt(bench, refuted, "wrong again", WRONG)
    bench.go(refuted, Event.REFUTED, JUDGED, log="hidden log")
    begin(bench, none)
    attempt(bench, none, "wrong", "--- a/none\n+++ b/none\n")
    bench.go(none, Event.FAILED, broke, log="visible log")
    bench.go(none, Event.EXHAUSTED, {"reason": "tests still fail"}, feedback="b broke")
    bench.go(invalid, Event.INVALID, {"reason": "the tests can't run"}, log="broken")
    bench.store.finish_run("run-1")
    bench.store.close()
    return path


@pytest.fixture
def folder(cli: Cli, db: Path, tmp_path: Path) -> Path:
    out = tmp_path / "submission"
    cli.out("export", "submission", "--out", out, "--db", db)
    return out


def test_a_candidate_is_predicted_whatever_the_hidden_tests_said(folder: Path) -> None:
    lines = (folder / "all_preds.jsonl").read_text().splitlines()
    made = {one["instance_id"]: one for one in map(json.loads, lines)}
    patches = {name: one["model_patch"] for name, one in made.items()}
    assert patches == {"a__1": PATCH, "a__2": WRONG, "a__3": "", "a__4": ""}
    assert {one["model_name_or_path"] for one in made.values()} == {"stillwater-0.1.0+m"}


def test_the_folder_is_what_the_leaderboard_lists(folder: Path) -> None:
    made = sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())
    logs = [
        f"logs/a__{n}/{name}"
        for n in (1, 2)
        for name in ("patch.diff", "report.json", "test_output.txt")
    ]
    pages = [f"trajs/a__{n}.md" for n in (1, 2, 3, 4)]
    assert made == ["README.md", "all_preds.jsonl", *logs, "metadata.yaml", *pages]


def test_logs_are_of_the_hidden_tests_in_the_harness_form(folder: Path) -> None:
    logs = folder / "logs" / "a__2"
    assert (logs / "patch.diff").read_text() == WRONG
    assert (logs / "test_output.txt").read_text() == "hidden log"
    told = json.loads((logs / "report.json").read_text())["a__2"]
    assert told["resolved"] is False
    assert told["tests_status"]["FAIL_TO_PASS"] == {"success": [], "failure": ["t::new"]}
    assert told["tests_status"]["PASS_TO_PASS"] == {"success": ["t::a"], "failure": ["t::b"]}
    assert json.loads((folder / "logs/a__1/report.json").read_text())["a__1"]["resolved"] is True


def test_the_readme_has_the_checklist_and_says_which_tests_were_seen(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    assert text.count("- [x] ") == 4
    assert '`feedback = "visible"`' in text
    assert "4 instances of lite" in text
    assert "2 candidates, 2 runs of the hidden tests" in text
    assert "against the network: none attached." in text


def test_metadata_counts_attempts_and_leaves_open_what_only_a_person_knows(folder: Path) -> None:
    text = (folder / "metadata.yaml").read_text()
    assert 'name: "stillwater-0.1.0+m"' in text
    assert '    attempts: "2+"' in text
    assert '  report: ""' in text
    assert "  checked: false" in text


def test_one_attempt_is_said_to_be_one(cli: Cli, tmp_path: Path) -> None:
    path, bench, (machine,) = visible(tmp_path, "a__1", attempts=1)
    bench.go(machine, Event.INVALID, {"reason": "broken"})
    bench.store.close()
    cli.out("export", "submission", "--out", tmp_path / "out", "--db", path)
    assert '    attempts: "1"' in (tmp_path / "out" / "metadata.yaml").read_text()


def test_a_trajectory_tells_a_person_every_attempt(folder: Path) -> None:
    text = (folder / "trajs" / "a__2.md").read_text()
    in_order = [
        "# a__2", "It ended in FAILED (refuted) at attempt 2.", "## Issue", "the issue",
        "`x.py`, lines 3-9: `issue: 'names' it`", "2 passed, 0 failed", "## Attempt 1",
        "user:\n\n```\nrepair `it`\n```", "### Answer", "`closed the fence`", "### Patch",
        "### Tests", "Failed: ", "t::b", "visible log", "b broke", "## Attempt 2", "wrong again",
        "Refuted: 1 passed, 2 failed", "hidden log",
    ]  # fmt: skip
    at = [text.find(one) for one in in_order]
    assert -1 not in at
    assert at == sorted(at)
    assert "the hint" not in text


def test_nothing_that_was_said_ends_its_fence_or_reaches_a_terminal(folder: Path) -> None:
    text = (folder / "trajs" / "a__2.md").read_text()
    assert "\x1b" not in text
    assert "`````\nwrong red [bold]not markup[/bold]" not in text
    answer = text[text.index("### Answer") :]
    fence = answer.split("\n")[2]
    assert set(fence) == {"`"}
    assert len(fence) == 5


def test_a_run_that_showed_the_tests_is_refused(cli: Cli, tmp_path: Path) -> None:
    path, bench, _ = visible(tmp_path, "a__1", feedback="tests")
    bench.store.close()
    out = tmp_path / "out"
    said = cli.refuses("export", "submission", "--out", out, "--db", path)
    assert "--feedback visible" in said
    assert not out.exists()


def test_an_unfinished_run_is_refused(cli: Cli, tmp_path: Path) -> None:
    path, bench, (first, _) = visible(tmp_path, "a__1", "a__2")
    begin(bench, first)
    bench.store.close()
    said = cli.refuses("export", "submission", "--out", tmp_path / "out", "--db", path)
    assert "2 of 2 instances are left" in said


def test_an_empty_run_is_refused(cli: Cli, tmp_path: Path) -> None:
    db = tmp_path / "empty.db"
    with Store.open(db) as store:
        create(store, "run-1", (), feedback="visible")
    said = cli.refuses("export", "submission", "--out", tmp_path / "out", "--db", db)
    assert "no instance" in said
