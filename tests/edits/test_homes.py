"""Where a definition or a name goes that the file doesn't have yet."""

from typing import Any

import pytest

from stillwater.edits import read
from tests.edits.answers import answer, becomes, refusal

TWO = """\
class A:
    def __init__(self, x):
        self.x = x

    def go(self):
        return 1


class B:
    def __init__(self, y):
        self.y = y

    def __repr__(self):
        return f"B({self.y})"
"""
TOLD = '    def __repr__(self):\n        return f"A({self.x})"'
BARE = 'class MyError(Exception):\n    """Raised."""\n\n\ndef f():\n    return 1\n'
INIT = "    def __init__(self, code):\n        self.code = code"
NUMBER = """\
class Number:
    def __init__(self, value):
        self.value = value

    def __mul__(self, other):
        return Number(self.value + other)

    def __str__(self):
        return str(self.value)


def parse(kind, text):
    return text


def other():
    return 3
"""
TIMES = "    def __mul__(self, other):\n        return Number(self.value * other)"
ALIAS = "\n    __rmul__ = __mul__\n"


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(text, "code.py", "exec"), names)
    return names


@pytest.mark.parametrize("margin", ["    ", ""])
def test_a_method_goes_to_the_class_that_lines_name_though_another_has_one_of_its_name(
    margin: str,
) -> None:
    code = "\n".join(margin + line.removeprefix("    ") for line in TOLD.splitlines())
    names = run(becomes(answer(code, "4-6"), TWO))
    assert (repr(names["A"](3)), repr(names["B"](3))) == ("A(3)", "B(3)")


def test_a_method_that_is_much_like_that_of_another_class_is_that_one_s() -> None:
    old = TWO.replace("return f", "kept = self.y\n        shown = kept\n        return f")
    code = old[old.index("    def __repr__") :].replace("B(", "b(")
    assert becomes(answer(code, "5-6"), old) == old.replace('f"B(', 'f"b(')


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (INIT, "1-2"),
        ("class MyError(Exception):\n" + INIT, "1-2"),
        (f"class MyError(Exception):\n{INIT}", "5"),
    ],
)
def test_a_class_without_methods_gets_its_first(code: str, lines: str) -> None:
    new = becomes(answer(code, lines), BARE)
    assert run(new)["MyError"](3).code == 3
    assert '"""Raised."""' in new
    assert new.endswith(BARE.partition("\n\n\n")[2])


def test_a_class_on_one_line_is_asked_for_as_a_whole() -> None:
    base = "class MyError(Exception): pass\n\n\ndef f():\n    return 1\n"
    assert "give the whole class" in refusal(answer(INIT, "1"), base)
    whole = becomes(answer("class MyError(Exception):\n" + INIT, "1"), base)
    assert run(whole)["MyError"](3).code == 3


@pytest.mark.parametrize("head", ["class Number:\n", ""])
def test_another_name_of_a_method_goes_behind_it(head: str) -> None:
    new = becomes(answer(head + TIMES + ALIAS, "5-6"), NUMBER)
    number = run(new)["Number"]
    assert (number(3) * 2).value == (2 * number(3)).value == 6
    assert str(number(3)) == "3"


def test_another_name_of_a_function_goes_behind_it() -> None:
    code = "def parse(kind, text):\n    return kind\n\n\nread = parse\n"
    names = run(becomes(answer(code, "12-13"), NUMBER))
    assert names["read"](1, 2) == 1
    assert names["other"]() == 3


def test_a_name_that_uses_a_new_function_goes_between_it_and_what_uses_the_name() -> None:
    code = (
        "def whole(text):\n    return int(text)\n\n\nPARSERS = {'int': whole}\n\n\n"
        "def parse(kind, text):\n    return PARSERS[kind](text)\n"
    )
    assert run(becomes(answer(code, "12-13"), NUMBER))["parse"]("int", "3") == 3


def test_an_example_that_gives_a_function_another_name_is_left_out() -> None:
    code = "def parse(kind, text):\n    return kind\n\n\nshown = parse\nprint(shown(1, 2))\n"
    new = becomes(answer(code, "12-13"), NUMBER)
    assert new == NUMBER.replace("return text", "return kind")


CHECKED = """\
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def parse(text: "Decimal"):
    return text
"""


def test_what_is_imported_for_type_checkers_is_imported_where_the_code_runs_it() -> None:
    imported = "from decimal import Decimal\n\n\n"
    runs = imported + 'def parse(text: "Decimal"):\n    return Decimal(text)'
    assert run(becomes(answer(runs, "7-8"), CHECKED))["parse"]("1") == 1
    notes = imported + "def parse(text: 'Decimal') -> Decimal:\n    return text + 1"
    assert becomes(answer(notes.replace("'", '"'), "7-8"), CHECKED).count("import Decimal") == 1


def test_dots_that_the_file_has_on_the_line_of_a_def_stand_for_nothing_left_out() -> None:
    stub, code = "def hook(name) -> None: ...", "def parse(kind):\n    return kind"
    told = answer(f"{stub}\n\n\n{code}", "1-5")
    assert read(told, known={stub}).problem is None
    assert "leaves parts out" in str(read(told).problem)
    spread = answer(f"def hook(name) -> None:\n    ...\n\n\n{code}", "1-5")
    assert "leaves parts out" in str(read(spread, known={stub}).problem)
