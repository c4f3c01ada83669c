"""Datasets: every form reads alike, and a wrong row is named by file, line and field."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from stillwater import datasets
from stillwater.datasets import DatasetError, Selection
from stillwater.preflight import check_instances, check_sandbox
from stillwater.repository import Repositories

ROW: dict[str, Any] = {
    "instance_id": "a__b-1",
    "repo": "a/b",
    "base_commit": "0" * 40,
    "problem_statement": "It breaks.",
    "FAIL_TO_PASS": '["t.py::test_x"]',
    "PASS_TO_PASS": ["t.py::test_y"],
    "test_command": "pytest",
    "hints_text": "not for us",
}


def rows(count: int) -> list[dict[str, Any]]:
    return [ROW | {"instance_id": f"a__b-{n}"} for n in range(1, count + 1)]


def write(path: Path, content: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        table = pyarrow.Table.from_pylist(content)
        pyarrow.parquet.write_table(table, path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(content))
    else:
        path.write_text("\n".join(json.dumps(row) for row in content) + "\n\n")
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_every_form_gives_the_same_instances(tmp_path: Path, suffix: str) -> None:
    loaded = datasets.load(str(write(tmp_path / f"d{suffix}", rows(3))))
    assert [one.instance_id for one in loaded.instances] == ["a__b-1", "a__b-2", "a__b-3"]
    assert loaded.instances[0].FAIL_TO_PASS == ("t.py::test_x",)
    assert loaded.instances[0].PASS_TO_PASS == ("t.py::test_y",)
    assert loaded.rows[0]["hints_text"] == "not for us"
    assert len(loaded.sha256) == 64


def test_the_samples_are_a_dataset() -> None:
    assert len(datasets.load("samples").instances) >= 16


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"d\.jsonl, line 2: not JSON"),
        ("[]", r"line 2: an instance is a JSON object"),
        (json.dumps({k: v for k, v in ROW.items() if k != "repo"}), "line 2: the field 'repo' is"),
        (json.dumps(ROW | {"base_commit": 3}), "line 2: the field 'base_commit'"),
        (json.dumps(ROW | {"FAIL_TO_PASS": "test_x"}), "line 2: the field 'FAIL_TO_PASS'"),
        (json.dumps(ROW | {"FAIL_TO_PASS": []}), "'FAIL_TO_PASS' names no test"),
        (json.dumps(ROW), "a__b-1 is already at line 1"),
        (json.dumps(ROW | {"instance_id": "x", "n": 2**60}), "line 2: can't be kept as evidence"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + line + "\n")
    with pytest.raises(DatasetError, match=said):
        datasets.load(str(path))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.jsonl", "can't be read"),
        ("word", "is no dataset"),
        (".", "a dataset is a .jsonl, .json or .parquet file"),
    ],
)
def test_what_is_no_dataset_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=said):
        datasets.load(name)


def test_broken_and_empty_files_are_told(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.parquet", b"x", "not a parquet file"),
        ("b.jsonl", b"\n", "holds no instance"),
        ("c.json", b"3", "is a list"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError, match=said):
            datasets.load(str(tmp_path / name))


def test_selection_by_id_slice_and_limit(tmp_path: Path) -> None:
    whole = datasets.load(str(write(tmp_path / "d.jsonl", rows(9))))

    def ids(chosen: datasets.Dataset) -> list[str]:
        return [one.instance_id[-1] for one in chosen.instances]

    assert ids(datasets.select(whole, Selection(["a__b-3", "a__b-2"]))) == ["2", "3"]
    assert ids(datasets.select(whole, Selection(part="2:5"))) == ["3", "4", "5"]
    assert ids(datasets.select(whole, Selection(part=":-7", limit=1))) == ["1"]
    assert datasets.select(whole, Selection(part="2:5")).rows[0]["instance_id"] == "a__b-3"


def test_wrong_selections_are_one_sentence(tmp_path: Path) -> None:
    whole = datasets.load(str(write(tmp_path / "d.jsonl", rows(3))))
    with pytest.raises(DatasetError, match=r"no instance 'a__b_2'; the nearest: a__b-"):
        datasets.select(whole, Selection(["a__b_2"]))
    for part in ("x", "1:2:3", "a:b"):
        with pytest.raises(DatasetError, match="A:B"):
            datasets.select(whole, Selection(part=part))
    with pytest.raises(DatasetError, match="nothing is left"):
        datasets.select(whole, Selection(part="7:9"))


def chosen(whole: datasets.Dataset, **wanted: Any) -> list[str]:
    return [one.instance_id for one in datasets.select(whole, Selection(**wanted)).instances]


def mixed(tmp_path: Path) -> datasets.Dataset:
    content = [
        ROW | {"instance_id": f"{owner}__{name}-{n}", "repo": f"{owner}/{name}"}
        for owner, name in (("a", "b"), ("a", "c"), ("d", "e"))
        for n in (1, 2, 10)
    ]
    return datasets.load(str(write(tmp_path / "m.jsonl", content)))


def test_wildcards_and_repositories(tmp_path: Path) -> None:
    whole = mixed(tmp_path)
    assert chosen(whole, ids=["a__*-1"]) == ["a__b-1", "a__c-1"]
    assert chosen(whole, ids=["*-10", "d__e-2"]) == ["a__b-10", "a__c-10", "d__e-2", "d__e-10"]
    assert chosen(whole, repos=["d/e"]) == ["d__e-1", "d__e-2", "d__e-10"]
    assert chosen(whole, repos=["a/*"], ids=["*-2"]) == ["a__b-2", "a__c-2"]
    for wanted, said in (
        ({"ids": ["a__bb-1"]}, "no instance 'a__bb-1'; the nearest: a__b-1"),
        ({"ids": ["x*"]}, "no instance 'x\\*'"),
        ({"repos": ["a/bb"]}, "no repository 'a/bb'; the nearest: a/b"),
        ({"repos": ["d/e"], "ids": ["a__b-1"]}, "nothing is left"),
    ):
        with pytest.raises(DatasetError, match=said):
            chosen(whole, **wanted)


def test_an_id_with_brackets_means_itself(tmp_path: Path) -> None:
    whole = datasets.load(str(write(tmp_path / "d.jsonl", [ROW | {"instance_id": "a[1]"}])))
    assert chosen(whole, ids=["a[1]"]) == ["a[1]"]


def test_the_order_of_a_seed_is_the_same_everywhere(tmp_path: Path) -> None:
    whole = mixed(tmp_path)
    assert chosen(whole, shuffle=7, limit=4) == ["a__c-10", "a__c-2", "a__b-2", "a__c-1"]
    assert chosen(whole, shuffle=8) != chosen(whole, shuffle=7)
    assert sorted(chosen(whole, shuffle=7)) == sorted(chosen(whole))
    backwards = replace(whole, rows=whole.rows[::-1], instances=whole.instances[::-1])
    assert chosen(backwards, shuffle=7) == chosen(whole, shuffle=7)
    first = chosen(whole, shuffle=7)
    assert chosen(whole, shuffle=7, part="2:5") == first[2:5]
    assert datasets.select(whole, Selection(shuffle=7, limit=1)).sha256 == whole.sha256


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        ("lite", "SWE-bench/SWE-bench_Lite"),
        ("Verified", "SWE-bench/SWE-bench_Verified"),
        ("swe-bench_lite", "SWE-bench/SWE-bench_Lite"),
        ("SWEbench-verified", "SWE-bench/SWE-bench_Verified"),
        ("multilingual", "SWE-bench/SWE-bench_Multilingual"),
        ("swe-bench", "SWE-bench/SWE-bench"),
        ("a/b", "a/b"),
    ],
)
def test_the_hub_is_asked_by_its_own_names(
    monkeypatch: pytest.MonkeyPatch, name: str, hub: str
) -> None:
    asked: list[tuple[str, str]] = []

    def load_dataset(name: str, split: str) -> list[dict[str, Any]]:
        asked.append((name, split))
        return rows(2)

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    loaded = datasets.load(name, "dev")
    assert asked == [(hub, "dev")]
    assert len(loaded.instances) == 2
    assert len(loaded.sha256) == 64


def test_a_folder_that_is_called_like_a_dataset_of_the_hub_is_not_read_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "SWE-bench" / "SWE-bench_Lite").mkdir(parents=True)
    with pytest.raises(DatasetError, match="a folder of this name lies here"):
        datasets.load("lite")
    with pytest.raises(DatasetError, match="a folder of this name lies here"):
        datasets.named("SWE-bench/SWE-bench_Lite", "test")


def test_a_misspelt_alias_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"did you mean verified\?"):
        datasets.load("verifed")


OLD = {k: v for k, v in ROW.items() if k != "test_command"} | {
    "instance_id": "django__django-1", "repo": "django/django", "eval_script": "true",
}  # fmt: skip


def test_what_an_older_row_leaves_out_the_package_knows() -> None:
    pytest.importorskip("swebench")
    made = datasets.instance_of(OLD)
    assert made.image == "swebench/sweb.eval.x86_64.django_1776_django-1:latest"
    assert (made.log_parser, made.eval_type) == ("parse_log_django", "pass_and_fail")
    assert datasets.instance_of(OLD | {"image": "mine:1"}).image == "mine:1"
    eslint = datasets.instance_of(OLD | {"repo": "eslint/eslint"})
    assert eslint.eval_type == "fail_only"
    assert datasets.instance_of(OLD | {"repo": "no/one"}).log_parser is None
    own = datasets.instance_of(OLD | {"test_command": "pytest"})
    assert (own.image, own.log_parser) == (None, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"eval_script": None}, "nothing says how to run its tests.*version 5"),
        ({"eval_script": None, "image": "i:1", "log_parser": "django"}, "nothing says how"),
        ({"repo": "no/one"}, "log_parser is missing"),
    ],
)
def test_a_row_that_nothing_says_how_to_run_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    pytest.importorskip("swebench")
    instance = datasets.instance_of(OLD | changes)
    with pytest.raises(DatasetError, match=said):
        check_instances([instance], Repositories(tmp_path, ""))


def test_an_instance_with_an_image_needs_docker() -> None:
    pytest.importorskip("swebench")
    instance = datasets.instance_of(OLD)
    check_sandbox([instance], "docker")
    with pytest.raises(DatasetError, match=r"django__django-1 runs in the image .*Docker Engine"):
        check_sandbox([instance], "local")
    check_sandbox([datasets.instance_of(ROW)], "local")


def test_a_list_of_tests_that_is_misspelt_is_not_taken_for_absent(tmp_path: Path) -> None:
    row = {**ROW, "pass_to_pass": "[]"}
    (tmp_path / "d.jsonl").write_text(json.dumps(row))
    with pytest.raises(DatasetError, match="'pass_to_pass' is written 'PASS_TO_PASS'"):
        datasets.load(str(tmp_path / "d.jsonl"))
