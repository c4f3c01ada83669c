"""A repository with three bugs, and what the model answers to each of them, attempt by attempt.

One is repaired at once, one at the second attempt, one never. Its tests need no pytest, so that a
run of them takes a blink; what they print is what pytest would.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

PRICES = '''"""Prices of a shop."""


def total(prices):
    """The sum of all prices."""
    return sum(prices) - 1


def cheapest(prices):
    """The lowest price."""
    return max(prices)


def label(name, price):
    """What stands on the shelf."""
    return f"{name}: {price}"


def count(prices):
    """How many prices there are."""
    return len(prices)
'''
TESTS = """from shop.prices import cheapest, count, label, total


def test_total():
    assert total([1, 2, 3]) == 6


def test_cheapest():
    assert cheapest([3, 1, 2]) == 1


def test_label():
    assert label("tea", 4) == "tea costs 4"


def test_count():
    assert count([1, 2]) == 2
"""
RUNNER = """import sys

sys.path.insert(0, ".")
from tests import test_prices

failed = False
for name, test in sorted(vars(test_prices).items()):
    if name.startswith("test_"):
        try:
            test()
            print(f"PASSED tests/test_prices.py::{name}")
        except AssertionError:
            failed = True
            print(f"FAILED tests/test_prices.py::{name}")
sys.exit(failed)
"""
FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": PRICES,
    "tests/__init__.py": "",
    "tests/test_prices.py": TESTS,
    "tests/run.py": RUNNER,
}
ISSUES = {
    "total": "`total` is one too low.",
    "cheapest": "`cheapest` gives the highest price.",
    "label": "`label` says `tea: 4`, not what the shelf needs.",
}
FIXED = {
    ("total", 1): "def total(prices):\n    return sum(prices) + 1",
    ("total", 2): "def total(prices):\n    return sum(prices)",
    ("cheapest", 1): "def cheapest(prices):\n    return min(prices)",
    ("label", 2): 'def label(name, price):\n    return f"{name} for {price}"',
}
DATE = "2026-01-01T00:00:00Z"
MACHINES = len(ISSUES)


def make(folder: Path) -> str:
    """Make the repository in `folder`; its commit, which is the same every time."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    who = ("-c", "user.name=a", "-c", "user.email=a@a", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "a")):
        _git(folder, *words)
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *words: str) -> str:
    dates = {"GIT_AUTHOR_DATE": DATE, "GIT_COMMITTER_DATE": DATE, "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(
        ["env", *(f"{k}={v}" for k, v in dates.items()), "git", "-C", str(folder), *words],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def rows(commit: str, repo_url: str, **fields: Any) -> str:
    """The instances, a line each."""
    return "".join(
        json.dumps(
            {
                "instance_id": f"shop__{name}", "repo": "shop/shop", "repo_url": repo_url,
                "base_commit": commit, "problem_statement": issue, "test_patch": "",
                "FAIL_TO_PASS": [f"tests/test_prices.py::test_{name}"],
                "PASS_TO_PASS": ["tests/test_prices.py::test_count"],
                "test_command": "python tests/run.py",
            }
            | fields
        ) + "\n"
        for name, issue in ISSUES.items()
    )  # fmt: skip


def answer(asked: dict[str, Any]) -> str:
    """What the model says to this request: always the same to the same."""
    text = asked["messages"][-1]["content"]
    found = re.search(r"`(\w+)`", text)
    name, attempt = found[1] if found else "", int(asked["seed"]) + 1
    code = FIXED.get((name, attempt))
    if code is None:
        return "I do not know."
    return f"FILE: shop/prices.py\nREASONING: {name} is wrong.\n```python\n{code}\n```\n"
