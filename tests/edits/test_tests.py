"""Tests that an answer gives beside the fix, in files of theirs: they are left out."""

import pytest

from stillwater.edits import EditError, apply, read
from tests.edits.answers import answer

FILES = {
    "shop/shop.py": "def price(value):\n    return value\n",
    "shop/tests/helpers.py": "def make():\n    return 1\n",
    "tests/test_shop.py": "def test_none():\n    assert True\n",
    "tests/conftest.py": "x = 1\n",
    "tests/pytest.ini": "[pytest]\n",
    "conftest.py": "x = 1\n",
    "tox.ini": "[tox]\n",
    ".github/tests/test_ci.py": "x = 1\n",
}
FIX = answer("def price(value):\n    return value + 1", "1-2", path="shop/shop.py")
TEST = "def test_price():\n    assert price(1) == 2"
FIXED = {"shop/shop.py": "def price(value):\n    return value + 1\n"}


@pytest.mark.parametrize(
    "path",
    ["tests/test_shop.py", "test_shop.py", "tests/test_new.py", "shop/tests/helpers.py"],
)
@pytest.mark.parametrize("ahead", [True, False])
def test_a_block_for_a_file_of_tests_is_left_out_beside_the_fix(path: str, ahead: bool) -> None:
    test = answer(TEST, "1-2", path=path)

    done = apply(read(test + FIX if ahead else FIX + test).edits, FILES, shown=["shop/shop.py"])

    assert done.files == FIXED
    assert any(one.startswith("tests in ") and "left out" in one for one in done.repairs)


def test_a_diff_of_a_file_of_tests_is_left_out_beside_the_fix() -> None:
    test = "FILE: tests/test_shop.py\n```diff\n-    assert True\n+    assert 1\n```\n"

    assert apply(read(FIX + test).edits, FILES, shown=["shop/shop.py"]).files == FIXED


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("conftest.py", "must not be changed"),
        ("tests/conftest.py", "must not be changed"),
        ("tests/pytest.ini", "must not be changed"),
        ("tox.ini", "must not be changed"),
        (".github/tests/test_ci.py", "must not be changed"),
        ("../tests/test_shop.py", '".."'),
        ("/etc/test_new.py", "relative"),
        (".git/tests/test_shop.py", "git's own"),
        ("shop/new.py", "no file"),
    ],
)
def test_whatever_else_may_not_be_changed_refuses_the_answer(path: str, said: str) -> None:
    edits = read(FIX + answer(TEST, "1-2", path=path)).edits

    with pytest.raises(EditError) as caught:
        apply(edits, FILES, shown=["shop/shop.py"])

    assert said in str(caught.value)


def test_code_that_belongs_to_the_fix_is_not_left_out_with_the_tests() -> None:
    wrong = answer("def price(value):\n    return 2", "1-2", path="tests/test_shop.py")
    files = FILES | {"shop/total.py": "def total():\n    return 1\n"}
    other = answer("def total():\n    return 2", "1-2", path="shop/total.py")

    with pytest.raises(EditError, match="must not be changed"):
        apply(read(other + wrong).edits, files, shown=["shop/shop.py", "shop/total.py"])


@pytest.mark.parametrize("path", ["tests/test_shop.py", "tests/test_new.py"])
def test_a_block_for_a_file_of_tests_alone_is_refused(path: str) -> None:
    with pytest.raises(EditError, match=r"must not be changed|no file"):
        apply(read(answer(TEST, "1-2", path=path)).edits, FILES, shown=["shop/shop.py"])


def test_a_file_that_only_the_caller_protects_refuses_the_answer() -> None:
    files = FILES | {"shop/data.py": "x = 1\n"}
    edits = read(FIX + answer("x = 2", "1-1", path="shop/data.py")).edits

    with pytest.raises(EditError, match="must not be changed"):
        apply(edits, files, protected=lambda path: path == "shop/data.py", shown=["shop/shop.py"])
