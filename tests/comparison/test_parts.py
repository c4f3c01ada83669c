"""A comparison that ran in parts is told as the one that it is."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stillwater.comparison import Comparison, compare, parts
from stillwater.store import Store
from tests.cli.conftest import Cli, cli
from tests.comparison.conftest import NAMES, compared

__all__ = ["cli"]

HALVES = (NAMES[:5], NAMES[5:])


@pytest.fixture
def halves(tmp_path: Path, cli: Cli) -> list[Path]:
    """The reports of two runs of the same arms, which share the instances of the whole run."""
    return [_report(cli, tmp_path / f"{n}", names) for n, names in enumerate(HALVES, 1)]


def _report(cli: Cli, stem: Path, names: list[str]) -> Path:
    db, file = stem.with_suffix(".db"), stem.with_suffix(".json")
    compared(db, names)
    file.write_text(cli.out("report", "--json", "--db", db))
    return file


@contextmanager
def _rewritten(file: Path) -> Iterator[dict[str, Any]]:
    """What the report holds, to be changed; it is written again as it is then."""
    told = json.loads(file.read_text())
    yield told
    file.write_text(json.dumps(told))


def _whole(db: Path) -> Comparison:
    with Store.open(db, read_only=True) as store:
        return compare(store, store.run("compared"))


def test_parts_come_to_what_one_run_of_all_comes_to(db: Path, halves: list[Path]) -> None:
    told = parts.together([parts.read(file) for file in halves])
    assert told.comparison == _whole(db)


def test_what_was_put_together_is_a_part(cli: Cli, db: Path, tmp_path: Path) -> None:
    files = [_report(cli, tmp_path / name, [name]) for name in NAMES]
    grown = tmp_path / "grown.json"
    grown.write_text(files[0].read_text())
    for file in files[1:]:
        grown.write_text(cli.out("combine", grown, file, "--json"))
    told = parts.read(grown).told
    assert told.comparison == _whole(db)
    assert len(told.runs) == len(NAMES)


def test_a_person_reads_it_like_any_comparison(
    cli: Cli, db: Path, halves: list[Path], tmp_path: Path
) -> None:
    told = cli.out("combine", *halves)
    alone = cli.out("report", "--db", db)
    assert "Arms, on the same 8 instances" in told
    assert alone.splitlines()[-1] in told
    assert cli.out("combine", *halves, "--markdown").count("\nRun compared") == 2
    page = tmp_path / "page.html"
    cli.out("combine", *halves, "--html", page)
    assert page.read_text().count("Run compared") == 2


def test_an_instance_that_one_part_has_not_ended_with_counts_by_the_other(
    cli: Cli, db: Path, tmp_path: Path
) -> None:
    first = _report(cli, tmp_path / "first", NAMES[:5])
    told = json.loads(first.read_text())
    for arm in told["comparison"]["arms"]:
        arm["machines"] = [one for one in arm["machines"] if one["instance_id"] != NAMES[4]]
    told["comparison"]["left_out"] = [NAMES[4], "another"]
    first.write_text(json.dumps(told))
    second = _report(cli, tmp_path / "second", NAMES[4:])
    put_together = parts.together([parts.read(first), parts.read(second)]).comparison
    assert put_together.left_out == ("another",)
    assert put_together.instances == 8


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """What sets that value in a report."""
    *way, last = path.split(".")

    def change(told: dict[str, Any]) -> None:
        for key in way:
            told = told.setdefault(key, {})
        told[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_set("config.num_ctx", 4096), "num_ctx is None in one and 4096 in the other"),
        (_set("config.arms.direct", {"attempts": 2}), "the arm direct is {'attempts': 1} in"),
        (_set("run.version", "0.2.0"), "the version is '0.1.0' in one and '0.2.0' in the other"),
        (_set("config.served", {"openai/local": {"digest": "b"}}), "other weights of openai/local"),
    ],
)
def test_what_is_no_part_of_the_same_comparison_is_refused(
    cli: Cli, halves: list[Path], change: Callable[[Mapping[str, Any]], None], sentence: str
) -> None:
    for file, edit in zip(
        halves, (_set("config.served", {"openai/local": {"digest": "a"}}), change), strict=True
    ):
        with _rewritten(file) as told:
            edit(told)
    said = cli.refuses("combine", *halves)
    assert sentence in said
    assert str(halves[0]) in said
    assert str(halves[1]) in said


@pytest.mark.parametrize(
    ("place", "whose"),
    [("config.served", ""), ("config.served_apart.direct", " for the arm direct")],
)
def test_weights_that_two_parts_tell_are_held_against_each_other_past_one_that_tells_none(
    cli: Cli, tmp_path: Path, place: str, whose: str
) -> None:
    files = [_report(cli, tmp_path / name, [name]) for name in NAMES[:4]]
    for file, digest in zip(files, (None, "a", None, "b"), strict=True):
        with _rewritten(file) as told:
            _set(place, {"openai/local": {"digest": digest}})(told)
    said = f"other weights of openai/local{whose}"
    assert said in cli.refuses("combine", *files)
    grown = tmp_path / "grown.json"
    grown.write_text(cli.out("combine", *files[:3], "--json"))
    assert said in cli.refuses("combine", grown, files[3])


def test_where_a_part_ran_may_differ(db: Path, halves: list[Path]) -> None:
    with _rewritten(halves[1]) as told:
        told["config"] |= {
            "model_slots": 7,
            "api_base": "http://elsewhere/v1",
            "versions": {"a": "1"},
        }
    assert parts.together([parts.read(file) for file in halves]).comparison == _whole(db)


def test_where_an_arm_ran_may_differ(db: Path, halves: list[Path]) -> None:
    with _rewritten(halves[1]) as told:
        told["config"]["arms"]["direct"]["api_base"] = "http://elsewhere/v1"
    assert parts.together([parts.read(file) for file in halves]).comparison == _whole(db)


def test_parts_that_asked_other_models_are_refused(cli: Cli, halves: list[Path]) -> None:
    with _rewritten(halves[1]) as told:
        told["comparison"]["arms"][1]["models"] = ["openai/other"]
    said = cli.refuses("combine", *halves)
    assert "the arm direct asked builtin/mutate in one and openai/other in the other" in said
    for file in halves:
        with _rewritten(file) as told:
            told["config"]["model_attempts"] = 3
    cli.out("combine", *halves)  # one part came further along the chain than the other


def test_an_instance_that_two_parts_count_is_refused(cli: Cli, halves: list[Path]) -> None:
    assert f"both count the instance {NAMES[0]}" in cli.refuses("combine", halves[0], halves[0])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not the report of a comparison (Invalid JSON"),
        ("[]", "is not the report of a comparison"),
        ('{"run": 1}', "is not the report of a comparison (runs.0"),
        ("\x00", "is not the report of a comparison"),
    ],
)
def test_a_file_that_is_no_report_costs_one_sentence(
    cli: Cli, tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "part.json"
    file.write_text(content)
    assert sentence in cli.refuses("combine", file)
    assert "can't be read: No such file" in cli.refuses("combine", tmp_path / "none.json")


@pytest.mark.parametrize(("field", "value"), [("attempts", 0), ("attempts", 10**12)])
def test_numbers_that_no_run_has_are_refused(
    cli: Cli, halves: list[Path], field: str, value: object
) -> None:
    with _rewritten(halves[0]) as told:
        told["comparison"]["arms"][1][field] = value
    assert "is not the report of a comparison (comparison: " in cli.refuses("combine", *halves)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_times_that_are_no_numbers_are_refused(cli: Cli, halves: list[Path], value: str) -> None:
    text = re.sub(r'"seconds": [0-9.]+', f'"seconds": {value}', halves[0].read_text())
    halves[0].write_text(text)
    assert "finite number" in cli.refuses("combine", *halves)


def test_the_report_of_one_arm_is_refused(cli: Cli, halves: list[Path]) -> None:
    told = json.loads(halves[0].read_text()) | {"comparison": None}
    halves[0].write_text(json.dumps(told))
    assert "the report of a comparison (it has one arm" in cli.refuses("combine", halves[0])


def test_escapes_in_a_part_do_not_reach_the_terminal(cli: Cli, halves: list[Path]) -> None:
    text = halves[0].read_text().replace("direct", "dir\\u001b[31mect")
    halves[0].write_text(text)
    assert "\x1b" not in cli.out("combine", halves[0])
    assert "\x1b" not in cli.out("combine", halves[0], "--json")
