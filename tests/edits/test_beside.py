"""What answers give beside the fix: examples of use, commands, output, tests."""

import pytest

from stillwater.edits import beside, read
from stillwater.edits.usage import USAGE
from tests.edits.answers import PATH, answer, applied, becomes, refusal

BASE = """\
import json


class Loader:
    def load(self, path):
        return json.loads(path)

    def close(self):
        self.open = False


def add(a, b):
    return a - b


def main():
    print(add(1, 2))
"""
FIXED = BASE.replace("a - b", "a + b")
ADD = "def add(a, b):\n    return a + b\n"
LOADER = """\
class Loader:
    def load(self, path):
        return json.loads(path or "{}")
"""


@pytest.mark.parametrize(
    "use",
    [
        "print(add(1, 2))",
        "assert add(1, 2) == 3",
        "result = add(1, 2)",
        "result = add(1, 2)\nprint(result)",
        "total = add(1, 2)\ndouble = total * 2\nprint(f'{double}')",
        "values = [1, 2]\nfor one in values:\n    print(add(one, one))",
        "with open('x') as f:\n    f.write(str(add(1, 2)))",
        "while add(1, 2) != 3:\n    break",
        "if add(1, 2) == 3:\n    print('right')",
        "try:\n    add(1, None)\nexcept TypeError:\n    print('refused')",
        "one, two = add(1, 2), add(3, 4)",
        "one = add(1, 2)\none += add(3, 4)",
        "one = [add(1, 2)]\none[0] = 4\none[0].real = 5",
        "# Example:\nprint(add(1, 2))",
    ],
)
@pytest.mark.parametrize("lines", ["", "12-13", "1-18"])
def test_an_example_of_use_after_the_definition_is_left_out(use: str, lines: str) -> None:
    done = applied(answer(f"{ADD}\n{use}", lines), BASE)

    assert done.files[PATH] == FIXED
    assert USAGE in done.repairs


@pytest.mark.parametrize("lines", ["", "4-9", "5-6"])
def test_an_example_after_a_class_leaves_its_other_methods(lines: str) -> None:
    code = f"{LOADER}\nloader = Loader()\nprint(loader.load('x'))"

    done = applied(answer(code, lines), BASE)

    assert done.files[PATH] == BASE.replace("(path)\n\n", '(path or "{}")\n\n')
    assert USAGE in done.repairs


def test_an_example_between_two_definitions_is_left_out() -> None:
    code = f"{ADD}\nprint(add(1, 2))\n\ndef main():\n    print(add(2, 2))\n"

    assert becomes(answer(code), BASE) == FIXED.replace("add(1, 2)", "add(2, 2)")


def test_each_thing_left_out_is_told_by_itself() -> None:
    done = applied(answer(f"{ADD}\n\n{FUNCTION}\n\ntest_add()\n"), BASE)

    assert done.repairs == (USAGE, "test test_add left out")


def test_a_value_that_a_definition_uses_is_no_example() -> None:
    code = (
        f"def add(a, b):\n    return a + b + ZERO\n\nZERO = int()\n\n{ADD.replace('add', 'zero')}"
    )

    done = applied(answer(code, "12-13"), BASE)

    assert "\nZERO = int()\n" in done.files[PATH]
    assert USAGE not in done.repairs


def test_a_statement_much_like_one_of_the_file_is_no_example() -> None:
    base = f"{BASE}\n\nregister(add, 'plus')\n"
    code = f"{ADD}\n\nregister(add, 'sum')\n"

    assert "register(add, 'sum')" in becomes(answer(code, "12-21"), base)


def test_a_statement_that_stands_in_the_file_is_not_told_of() -> None:
    base = f"{BASE}\n\nregister(add, 'plus')\n"

    done = applied(answer(f"{ADD}\n\nregister(add, 'plus')\n", "12-13"), base)

    assert done.files[PATH] == base.replace("a - b", "a + b")
    assert done.repairs == ()


def fence(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```\n"


@pytest.mark.parametrize("language", ["bash", "sh", "console", "text", "output", "plaintext"])
@pytest.mark.parametrize("ahead", [True, False])
def test_commands_and_output_are_left_out(language: str, ahead: bool) -> None:
    fix, run = answer(ADD, "12-13"), fence("pytest -q", language)
    text = fix.replace("```python", f"{run}```python") if ahead else f"{fix}Run it:\n{run}"

    assert becomes(text, BASE) == FIXED
    assert beside.NO_CODE in read(text).repairs


def test_code_in_the_only_fence_is_taken_whatever_it_is_called() -> None:
    assert becomes(answer(ADD).replace("```python", "```text"), BASE) == FIXED


def test_a_script_is_no_command() -> None:
    text = answer("pytest -x", "1-1", path="run.sh").replace("```python", "```bash run.sh")

    assert applied(text, {"run.sh": "pytest\n"}).files == {"run.sh": "pytest -x\n"}


@pytest.mark.parametrize(
    "use",
    [
        "print(add(1, 2))",
        "assert add(1, 2) == 3",
        "result = add(1, 2)\nprint(result)",
        "if add(1, 2) == 3:\n    print('right')",
        "from shop.shop import add\n\nprint(add(1, 2))",
        ">>> add(1, 2)\n3",
        "return a + b",
    ],
)
def test_a_further_fence_that_only_shows_is_left_out(use: str) -> None:
    text = f"{answer(ADD, '12-13')}Usage:\n{fence(use)}"

    assert becomes(text, BASE) == FIXED
    assert beside.EXAMPLE in read(text).repairs


@pytest.mark.parametrize(
    ("more", "new"),
    [
        ("import os", FIXED.replace("import json\n", "import json\nimport os\n")),
        ("    print(add(1, 3))", FIXED.replace("2))", "3))")),
        ("def main():\n    print(add(1, 3))", FIXED.replace("2))", "3))")),
        ("LINES: 17-17", FIXED.replace("print(add(1, 2))", "print(3)")),
    ],
)
def test_a_further_fence_of_the_fix_is_taken(more: str, new: str) -> None:
    lines, code = (more, "    print(3)") if more.startswith("LINES") else ("", more)

    assert becomes(f"{answer(ADD, '12-13')}{lines}\n{fence(code)}", BASE) == new


FUNCTION = "def test_add():\n    assert add(1, 2) == 3\n"
CASE = """\
class AddTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)
"""
PLAIN = "class TestAdd:\n    def test_add(self):\n        assert add(1, 2) == 3\n"
TESTS = [
    FUNCTION,
    f"import pytest\n\n\n{FUNCTION}",
    f"import unittest\n\n\n{CASE}",
    f"from unittest import TestCase\n\n\n{CASE.replace('unittest.', '')}\n\nunittest.main()\n",
    f"import unittest\n\n\n{CASE}\n\nif __name__ == '__main__':\n    unittest.main()\n",
    PLAIN,
]


@pytest.mark.parametrize("test", TESTS, ids=range(len(TESTS)))
@pytest.mark.parametrize("lines", ["", "12-13", "1-18"])
def test_tests_beside_the_fix_are_left_out(test: str, lines: str) -> None:
    name = "TestAdd" if test == PLAIN else "AddTest" if "AddTest" in test else "test_add"

    for code in (f"{ADD}\n\n{test}", f"{test}\n\n{ADD}", f"{FIXED}\n\n{test}"):
        if "main()" in test and not code.endswith(test):
            continue
        done = applied(answer(code, lines), BASE)

        assert done.files[PATH] == FIXED
        assert f"test {name} left out" in "; ".join(done.repairs)


@pytest.mark.parametrize("test", TESTS, ids=range(len(TESTS)))
def test_tests_in_a_block_of_their_own_are_left_out(test: str) -> None:
    assert becomes(f"{answer(ADD, '12-13')}\n{answer(test)}", BASE) == FIXED
    assert becomes(f"{answer('    return a + b', '13-13')}\n{answer(test)}", BASE) == FIXED


@pytest.mark.parametrize("test", TESTS, ids=range(len(TESTS)))
def test_tests_alone_are_refused(test: str) -> None:
    assert "is a test, and shop/shop.py holds none" in refusal(answer(test, "12-13"), BASE)


def test_a_file_of_tests_takes_a_test() -> None:
    code = f"{ADD}\n\n{FUNCTION}"

    assert FUNCTION in becomes(answer(code), f"{BASE}\n\n{PLAIN.replace('_add', '_main')}")


def test_pytest_stays_imported_where_the_fix_uses_it() -> None:
    fix = "def add(a, b):\n    return pytest.approx(a + b)\n"

    new = becomes(answer(f"import pytest\n\n{fix}\n{FUNCTION}"), BASE)

    assert new.startswith("import json\nimport pytest\n")
