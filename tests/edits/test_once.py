"""Blocks that meet: what only quotes the old code, or says the new code again, isn't in the way."""

import pytest

from stillwater.edits import EditError
from stillwater.edits.once import AGAIN, QUOTED
from tests.edits.test_apply import SHOP, applied, edit, new

OLD = """\
def price(value):
    return f"{value:.2f}"
"""
CHANGED = OLD.replace(".2f", ".3f")


@pytest.mark.parametrize("order", [(OLD, CHANGED), (CHANGED, OLD)], ids=["before", "after"])
def test_quoted_old_code_is_left_out(order: tuple[str, str]) -> None:
    done = applied(*map(edit, order))
    assert done.files["shop/shop.py"] == SHOP.replace(".2f", ".3f")
    assert QUOTED in done.repairs


def test_code_said_again_with_its_file_around_it_counts_once() -> None:
    whole = SHOP.replace('"""A shop."""\n', "").replace(".2f", ".3f")
    done = applied(edit(CHANGED), edit(whole, 1, 33))
    assert done.files["shop/shop.py"] == SHOP.replace(".2f", ".3f")
    assert AGAIN in done.repairs


def test_two_changes_of_the_same_lines_are_not_guessed_between() -> None:
    with pytest.raises(EditError, match="Two edits change the same lines"):
        new(edit(CHANGED), edit(OLD.replace(".2f", ".4f")))


def test_quoted_code_leaves_the_other_changes() -> None:
    main = "def main():\n    print(price(4))\n"
    text = new(edit(OLD), edit(CHANGED), edit(main))
    assert text == SHOP.replace(".2f", ".3f").replace("price(3)", "price(4)")


def test_code_quoted_twice_changes_nothing() -> None:
    with pytest.raises(EditError, match="change nothing"):
        new(edit(OLD), edit(SHOP, 1, 33))
