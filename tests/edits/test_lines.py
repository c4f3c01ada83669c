"""Code without a def line whose LINES cover whole definitions: they must not go with the lines."""

import pytest

from tests.edits.answers import PATH, answer, becomes, refusal

BASE = """\
class Loader:
    def load(self, path):
        text = path.read()
        return text.lower()

    def close(self):
        self.open = False


def outer(values):
    found = []
    def double(value):
        return value * 3
    for one in values:
        if one:
            found.append(double(one))
    return found


def add(a, b):
    return a - b
"""


@pytest.mark.parametrize("lines", ["2-4", "3-4"])
def test_a_body_given_for_its_definition_replaces_the_body(lines: str) -> None:
    code = "        text = path.read()\n        return text.upper()"

    assert becomes(answer(code, lines), BASE) == BASE.replace("lower", "upper")


def test_a_body_unlike_the_definition_in_lines_is_refused() -> None:
    said = refusal(answer("for one in range(3):\n    print(one)", "2-4"), BASE)

    assert said == (
        "LINES 2-4 hold all of Loader.load, but the code has no def line: give the whole "
        "corrected definition, or name in LINES only the lines that change."
    )


def test_lines_that_hold_several_definitions_lose_none() -> None:
    assert "hold all of Loader" in refusal(answer("entirely.other(thing)[3] = 9", "1-21"), BASE)


def test_a_definition_may_become_another_binding_of_its_name() -> None:
    assert "return found\n\n\nadd = sum\n" in becomes(answer("add = sum", "20-21"), BASE)


def test_a_helper_may_go_with_what_uses_it() -> None:
    code = """\
    found = []
    for one in values:
        if one:
            found.append(one * 2)
    return found
"""

    new = becomes(answer(code, "11-17"), BASE)

    assert f"def outer(values):\n{code}\n\ndef add" in new
    assert "def double" not in new


LOOP = """\
def f(rows):
    for row in rows:
        if row.is_bad:
            skip(row)
        keep(row)
"""


def test_code_in_a_fence_of_a_list_goes_as_deep_as_the_lines_that_it_replaces() -> None:
    fence = "    ```python\n            keep(row, 1)\n    ```\n"

    new = becomes(f"1. FILE: {PATH}\n    LINES: 5-5\n    REASONING: x\n\n{fence}", LOOP)

    assert new == LOOP.replace("keep(row)", "keep(row, 1)")
