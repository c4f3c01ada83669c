"""`stillwater read`: what the model would see, shown to a person."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import stillwater

LONG = "".join(f"def step_{n}(basket):\n    return basket.moved({n})\n\n\n" for n in range(900))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    home = tmp_path / "repo"
    (home / "shop").mkdir(parents=True)
    (home / "shop" / "prices.py").write_text("def price(item):\n    return item.cost\n")
    (home / "shop" / "steps.py").write_text(LONG)
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@a", "commit", "-q", "-m", "a"),
    ):
        subprocess.run(["git", "-C", home, *words], check=True)
    commit = subprocess.run(
        ["git", "-C", home, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    row = {
        "instance_id": "shop__shop-1", "repo": "shop/shop", "repo_url": str(home),
        "base_commit": commit.stdout.strip(), "problem_statement": "`step_123` moves too far",
        "FAIL_TO_PASS": ["tests/test_a.py::test_a"], "PASS_TO_PASS": [], "test_command": "pytest",
    }  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n")
    return file


def test_files_are_shown_with_their_reasons(tmp_path: Path, dataset: Path) -> None:
    done = stillwater(tmp_path, "read", "shop__shop-1", str(dataset), "--set", "num_ctx=8192")

    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[1]
    assert first.startswith("shop/steps.py")
    assert "holds step_123" in first
    assert "tokens for files" in done.stdout


def test_the_text_is_what_the_model_sees(tmp_path: Path, dataset: Path) -> None:
    words = ("read", "shop__shop-1", str(dataset), "--text", "--set", "num_ctx=8192")

    shown = stillwater(tmp_path, *words).stdout

    assert "### shop/steps.py (parts of its 3600 lines)" in shown
    assert "\ndef step_123(basket):\n    return basket.moved(123)\n" in shown
    assert "are not shown: step_" in shown


def test_json_has_the_lines_and_the_budget(tmp_path: Path, dataset: Path) -> None:
    words = ("read", "shop__shop-1", str(dataset), "--json", "--set", "num_ctx=8192")

    told = json.loads(stillwater(tmp_path, *words).stdout)

    assert told["files"][0]["path"] == "shop/steps.py"
    assert any(first <= 493 <= last for first, last in told["files"][0]["lines"])
    assert sum(one["tokens"] for one in told["files"]) <= told["budget"]


def test_an_unknown_instance_is_one_sentence(tmp_path: Path, dataset: Path) -> None:
    done = stillwater(tmp_path, "read", "shop__shop-2", str(dataset))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "shop__shop-1" in done.stderr


def test_a_budget_that_holds_nothing_says_what_to_raise(tmp_path: Path, dataset: Path) -> None:
    done = stillwater(tmp_path, "read", "shop__shop-1", str(dataset), "--set", "num_ctx=4096")

    assert done.returncode == 2
    assert "raise num_ctx" in done.stderr


def test_a_pattern_of_several_instances_is_one_sentence(tmp_path: Path) -> None:
    done = stillwater(tmp_path, "read", "ledger*")
    assert done.returncode == 2
    assert "name one" in done.stderr
    assert "Traceback" not in done.stderr
