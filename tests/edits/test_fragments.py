"""Parts of a fix that an answer shows alone beside the whole definition."""

import pytest

from stillwater.edits import read
from tests.edits.answers import PATH, becomes

BASE = """\
def half(n):
    n = float(n)

    return n / 3


def other(n):
    return n / 3
"""
FIXED = BASE.replace("/ 3", "/ 2", 1)
HALF = FIXED[: FIXED.index("\n\n\ndef other")]
HEAD = f"FILE: {PATH}\nLINES: 4-4\nREASONING: by three.\n"


def fence(code: str) -> str:
    return f"```python\n{code}\n```\n"


@pytest.mark.parametrize(
    "part",
    ["    return n / 2", "return n / 2", "    n = float(n)\n    return n / 2", "n = float(n)"],
)
@pytest.mark.parametrize("ahead", [True, False])
def test_a_part_of_a_definition_given_whole_is_left_out(part: str, ahead: bool) -> None:
    codes = [fence(part), fence(HALF)] if ahead else [fence(HALF), fence(part)]
    answer = f"{HEAD}It must be:\n{codes[0]}In the function:\n{codes[1]}"

    reading = read(answer)

    assert [(one.code, one.first, one.last) for one in reading.edits] == [(HALF, 4, 4)]
    assert reading.edits[0].reasoning.startswith("by three.")
    assert becomes(answer, BASE) == FIXED


def test_the_wrong_line_and_the_right_one_may_both_stand_before_the_definition() -> None:
    wrong = f"The wrong line is:\n{fence('    return n / 3')}"
    right = f"It must be:\n{fence('    return n / 2')}"

    answer = f"{HEAD}{wrong}{right}Whole function:\n{fence(HALF)}"

    assert becomes(answer, BASE) == FIXED


@pytest.mark.parametrize(
    "part",
    [
        "    return n / 4",
        "    return n / 2\n    n = float(n)",
        "def other(n):\n    return n / 2",
        "import os",
    ],
)
def test_code_that_is_no_part_of_the_definition_is_none(part: str) -> None:
    reading = read(f"{HEAD}{fence(part)}And:\n{fence(HALF)}")

    assert [one.code for one in reading.edits] == [part, HALF]


@pytest.mark.parametrize(
    "head", [f"FILE: {PATH}\nLINES: 8-8\n", "FILE: other.py\n", "LINES: 8-8\n"]
)
def test_the_same_lines_under_other_headers_are_a_change_of_their_own(head: str) -> None:
    first = f"FILE: {PATH}\nLINES: 1-4\n{fence(HALF)}"
    reading = read(f"{first}{head}{fence('    return n / 2')}")

    assert len(reading.edits) == 2
    if "other" not in head:
        new = becomes(f"{first}{head}{fence('    return n / 2')}", BASE)
        assert new == BASE.replace("/ 3", "/ 2")


@pytest.mark.parametrize("sentence", ["The same in `other`:", "`other` also needs it:"])
def test_the_same_lines_announced_for_elsewhere_are_a_change_of_their_own(sentence: str) -> None:
    reading = read(f"{HEAD}{fence(HALF)}{sentence}\n{fence('    return n / 2')}")

    assert [one.code for one in reading.edits] == [HALF, "    return n / 2"]


def test_a_part_with_lines_of_the_definition_s_own_is_left_out() -> None:
    part = f"LINES: 4-4\n{fence('    return n / 2')}"

    reading = read(f"FILE: {PATH}\nLINES: 1-4\n{fence(HALF)}{part}")

    assert [(one.code, one.first, one.last) for one in reading.edits] == [(HALF, 1, 4)]
