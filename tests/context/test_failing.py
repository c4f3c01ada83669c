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


LONG = "def test_long():\n" + "".join(f"    x{n} = {n}\n" for n in range(100))


def test_of_a_long_test_the_lines_that_lead_to_the_failing_one_are_shown() -> None:
    failing = "FAILED tests/t.py::test_long\ntests/t.py:82: in test_long\n    x80 = 80\nE   x"

    shown = source_of_tests(["tests/t.py::test_long"], {"tests/t.py": LONG}, failing=failing)

    lines = shown.splitlines()
    assert lines[0] == "### tests/t.py, lines 1-101"
    assert lines[2] == "def test_long():"
    gap = lines.index("# … 42 lines left out")
    assert (lines[gap - 1], lines[gap + 1]) == ("    x11 = 11", "    x54 = 54")
    assert lines[-3:] == ["    x80 = 80", "# … 19 more lines", "```"]


def test_a_line_that_fails_early_or_elsewhere_leaves_the_beginning() -> None:
    for where in ("t.py:5", "other.py:82", "t.py:200", "st.py:82"):
        failing = f"{where}: in test_long"
        shown = source_of_tests(["t.py::test_long"], {"t.py": LONG}, failing=failing)
        assert shown == source_of_tests(["t.py::test_long"], {"t.py": LONG})
    last = source_of_tests(["t.py::test_long"], {"t.py": LONG}, failing="t.py:101: in test_long")
    assert last.endswith("    x99 = 99\n```")


def test_what_has_no_room_as_a_whole_is_cut_and_says_so() -> None:
    shown = source_of_tests(["t.py::test_long"], {"t.py": LONG}, limit=200)

    assert 150 < len(shown) <= 200
    assert " more lines" in shown


def test_a_test_comes_before_its_set_up_where_there_is_no_room_for_both() -> None:
    test = "tests/shop/test_cart.py::TestCart::test_n"

    assert "setUp" in source_of_tests([test], FILES)
    shown = source_of_tests([test], FILES, limit=120)

    assert "assert self.n == 2" in shown
    assert "setUp" not in shown


def test_a_path_that_only_ends_alike_is_another() -> None:
    files = {
        "tests/admin_ordering/tests.py": "class T:\n    def test_a(self):\n        admin\n",
        "tests/ordering/tests.py": "class T:\n    def test_a(self):\n        plain\n",
    }
    shown = source_of_tests(["test_a (ordering.tests.T)"], files)

    assert "plain" in shown
    assert "admin" not in shown
    assert source_of_tests(["test_a (dering.tests.T)"], files) == ""


def test_the_class_that_an_id_names_counts_more_than_the_first_test_of_that_name() -> None:
    files = {
        "a/tests.py": "class Other:\n    def test_a(self):\n        wrong\n",
        "b/a/tests.py": "class T:\n    def test_a(self):\n        right\n",
    }
    assert "right" in source_of_tests(["test_a (a.tests.T)"], files)


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
