"""`python -m bench`: what it keeps, what it says of a bench that fails, and how the page reads."""

import json
from pathlib import Path

import pytest

from bench import __main__ as collector
from bench import results
from bench.claims import Claim, at_least, at_most

FAST = Claim("steps a second", "900 /s", "a loop | of it", "1,800 /s", 0.5, "≥ 0.333", True)


def entry(*claims: Claim, reason: str = "") -> results.Entry:
    machine = {"processors": "2 × x"}
    return results.Entry(
        "python bench/x.py", "2026-01-02", "abc", 3.0, (0.5, 1.5), machine, claims, reason
    )


def test_what_was_not_run_keeps_its_row_and_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"overhead": entry(FAST), "slots": entry(FAST)}
    results.write(before, tmp_path / "RESULTS.json", tmp_path / "RESULTS.md")
    new = Claim("busy", "97 %", "one after the other", "50 %")
    monkeypatch.setattr(collector, "run", lambda *_: entry(new))
    collector.main(["--only", "slots"], tmp_path)
    now = results.stored(tmp_path / "RESULTS.json")
    assert now == {"overhead": entry(FAST), "slots": entry(new)}
    assert "2026-01-02" in (tmp_path / "RESULTS.md").read_text()


def test_a_bench_that_fails_leaves_its_reason(tmp_path: Path) -> None:
    # It refuses the word, and exits with 2 before it measures anything.
    found = collector.run("batch", ["--no-such-option"])
    assert not found.claims
    assert "exit code 2" in found.reason
    assert "--no-such-option" in found.reason
    page = results.rendered({"batch": found})
    assert "| batch | not measured: it failed with exit code 2" in page


def test_without_a_model_server_nothing_is_said_of_the_prefix_cache(tmp_path: Path) -> None:
    collector.main(["--only", "prefix"], tmp_path)
    assert "not measured: it needs a model server" in (tmp_path / "RESULTS.md").read_text()


def test_what_a_server_was_measured_with_once_stands(tmp_path: Path) -> None:
    results.write({"prefix": entry(FAST)}, tmp_path / "RESULTS.json", tmp_path / "RESULTS.md")
    collector.main(["--only", "prefix"], tmp_path)
    assert results.stored(tmp_path / "RESULTS.json") == {"prefix": entry(FAST)}


def test_the_page_is_a_table_of_all_claims() -> None:
    page = results.rendered({"overhead": entry(FAST, Claim("p", "1", "q", "2"))})
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert "| steps a second | 900 /s | a loop \\| of it | 1,800 /s | 0.5 | ≥ 0.333 | yes |" in page
    assert "| p | 1 | q | 2 |  |  |  | overhead |" in page
    widths = {line.replace("\\|", "").count("|") for line in rows}
    assert widths == {9, 7}


def test_the_committed_page_is_what_the_record_says() -> None:
    page, record = collector.HERE / "RESULTS.md", collector.HERE / "RESULTS.json"
    assert page.read_text("utf-8") == results.rendered(results.stored(record))


def test_claims_compare_in_their_own_direction() -> None:
    assert at_most(0.7, "time", 60, "theirs", 100, "ms").reached
    assert not at_most(0.7, "time", 80, "theirs", 100, "ms").reached
    assert at_least(3, "rate", 900, "theirs", 100, "/s").reached
    assert not at_least(3, "rate", 200, "theirs", 100, "/s").reached


def test_a_last_line_that_is_no_claims_is_said_to_be_none() -> None:
    assert collector._last(["no json"])[1] == "it told no claims"
    assert collector._last([json.dumps({"skipped": "no engine"})]) == ((), "no engine")
