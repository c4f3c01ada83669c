"""The source of failing tests: found by every kind of id, with its set-up, never cut unsaid."""

import pytest

from stillwater.context.failing import named, source_of_tests

TEXT = """\
import pytest


@pytest.fixture
def cart():
    return ["tea"]


def test_total(cart):
    assert len(cart) == 2


class TestCart:
    def setUp(self):
        self.n = 1

    def test_n(self):
        assert self.n == 2

    def test_other(self):
        assert True
"""
FILES = {"tests/test_a.py": "def test_total():\n    pass\n", "tests/shop/test_cart.py": TEXT}


@pytest.mark.parametrize(
    "test",
    [
        "tests/shop/test_cart.py::TestCart::test_n",
        "tests/shop/test_cart.py::TestCart::test_n[a-b]",
        "test_n (shop.test_cart.TestCart.test_n)",
        "test_n (shop.test_cart.TestCart)",
        "test_n (shop.test_cart.TestOfAnother.test_n)",
        "test_n",
    ],
)
def test_a_test_is_found_by_any_spelling_of_its_id_and_comes_with_its_set_up(test: str) -> None:
    shown = source_of_tests([test], FILES)
    assert "### tests/shop/test_cart.py, lines 14-15" in shown
    assert "        self.n = 1" in shown
    assert "        assert self.n == 2" in shown
    assert "test_other" not in shown


def test_a_fixture_of_the_same_file_comes_along() -> None:
    shown = source_of_tests(["tests/shop/test_cart.py::test_total"], FILES)
    assert shown.index("def cart():") < shown.index("def test_total(cart):")
    assert "@pytest.fixture" in shown


def test_the_file_that_the_id_names_is_meant() -> None:
    shown = source_of_tests(["tests/test_a.py::test_total"], FILES)
    assert "tests/test_a.py, lines 1-2" in shown
    assert "test_cart.py" not in shown


def test_a_long_test_says_what_is_missing_of_it() -> None:
    text = "def test_long():\n" + "".join(f"    x{n} = {n}\n" for n in range(100))
    shown = source_of_tests(["t.py::test_long"], {"t.py": text})
    assert "# … 61 more lines" in shown
    assert "x99" not in shown


def test_no_more_is_shown_than_the_limit_holds() -> None:
    names = [f"test_{n}" for n in range(9)]
    text = "".join(f"def {name}():\n    assert 0\n" for name in names)
    shown = source_of_tests([f"t.py::{name}" for name in names], {"t.py": text}, limit=100)
    assert 0 < len(shown) <= 100


@pytest.mark.parametrize("test", ["", "An item's docstring, as Django prints it.", "t.py::test_x"])
def test_what_is_not_found_is_not_shown(test: str) -> None:
    assert source_of_tests([test], {**FILES, "t.py": "def broken(:\n"}) == ""


def test_the_end_of_a_path_is_told_by_dotted_ids() -> None:
    assert named("test_n (shop.test_cart.TestCart.test_n)") == "shop/test_cart.py"
    assert named("a/b.py::test_n") == "a/b.py"
    assert named("test_n") == ""
