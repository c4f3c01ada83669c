"""Datasets: every form reads alike, and a wrong row is named by file, line and field."""

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from stillwater import datasets
from stillwater.datasets import DatasetError

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

    assert ids(datasets.select(whole, ["a__b-3", "a__b-2"])) == ["2", "3"]
    assert ids(datasets.select(whole, part="2:5")) == ["3", "4", "5"]
    assert ids(datasets.select(whole, part=":-7", limit=1)) == ["1"]
    assert datasets.select(whole, part="2:5").rows[0]["instance_id"] == "a__b-3"


def test_wrong_selections_are_one_sentence(tmp_path: Path) -> None:
    whole = datasets.load(str(write(tmp_path / "d.jsonl", rows(3))))
    with pytest.raises(DatasetError, match=r"no instance 'a__b_2'; the nearest: a__b-"):
        datasets.select(whole, ["a__b_2"])
    for part in ("x", "1:2:3", "a:b"):
        with pytest.raises(DatasetError, match="A:B"):
            datasets.select(whole, part=part)
    with pytest.raises(DatasetError, match="nothing is left"):
        datasets.select(whole, part="7:9")
