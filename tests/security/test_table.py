"""docs/security.md: every row names tests that exist, and no test of this folder goes unnamed."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text("utf-8")
NAMED = re.compile(r"`([\w/]+)::(test_\w+)`")


def rows() -> list[str]:
    """The rows of all tables, without headings."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith(("| what", "| ---"))]


def defined(path: Path) -> set[str]:
    """The tests of a file."""
    return set(re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_a_row_names_tests_that_exist(row: str) -> None:
    named = NAMED.findall(row)
    assert named
    for file, test in named:
        assert test in defined(TESTS / f"{file}.py")


def test_no_test_goes_unnamed() -> None:
    held = {
        (f"security/{path.stem}", test)
        for path in Path(__file__).parent.glob("test_*.py")
        if path != Path(__file__)
        for test in defined(path)
    }
    assert held - set(NAMED.findall(PAGE)) == set()
