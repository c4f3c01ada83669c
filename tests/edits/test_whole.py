"""Code that has the names of the whole file, or of a whole class, and yet isn't all of it."""

import pytest

from tests.edits.answers import PATH, answer, applied, becomes

BASE = """\
import atexit

HANDLERS = {}


def use(value):
    return value - 1


def close():
    HANDLERS.clear()


HANDLERS["use"] = use
atexit.register(close)

if __name__ == "__main__":
    print(use(3))
"""
FIXED = BASE.replace("value - 1", "value + 1")
NAMES = FIXED[: FIXED.index('\n\nHANDLERS["use"]')] + "\n"


@pytest.mark.parametrize("lines", ["", "6-7", "1-11"])
def test_statements_that_bind_nothing_stay(lines: str) -> None:
    assert becomes(answer(NAMES, lines), BASE) == FIXED


def test_a_whole_file_may_change_its_statements() -> None:
    new = FIXED.replace('["use"]', '["used"]')

    done = applied(answer(new), BASE)

    assert done.files[PATH] == new
    assert [one.how for one in done.placed] == ["whole file"]


def test_a_guard_that_shows_the_use_leaves_the_file_s_own() -> None:
    code = f'{NAMES}\n\nif __name__ == "__main__":\n    print(use(4))\n'

    assert becomes(answer(code), BASE) == FIXED


def test_an_import_of_what_the_file_defines_is_none_of_it() -> None:
    code = NAMES.replace("import atexit\n", "import atexit\nfrom utils import close\n")
    code = code.replace("\n\ndef close():\n    HANDLERS.clear()\n", "")

    assert becomes(answer(code), BASE) == FIXED


CLASS = """\
class Basket(Base, metaclass=Meta):
    @property
    def size(self):
        return self._size

    @size.setter
    def size(self, value):
        self._size = value

    @classmethod
    def empty(cls):
        return cls(1)


def main():
    Basket.empty()
"""
BASKET = CLASS[: CLASS.index("\n\ndef main")]
SETTER = CLASS[CLASS.index("    @size.setter") : CLASS.index("    @classmethod")]


@pytest.mark.parametrize("lines", ["", "1-12", "1-17"])
@pytest.mark.parametrize(
    ("left", "given"),
    [
        (SETTER, ""),
        ("    @classmethod\n", ""),
        (", metaclass=Meta", ""),
        ("(Base, metaclass=Meta)", ""),
    ],
)
def test_a_class_keeps_what_the_answer_leaves_off(left: str, given: str, lines: str) -> None:
    code = BASKET.replace(left, given).replace("cls(1)", "cls(0)")

    assert becomes(answer(code, lines), CLASS) == CLASS.replace("cls(1)", "cls(0)")


def test_a_file_keeps_the_setter_that_the_answer_leaves_off() -> None:
    code = CLASS.replace(SETTER, "").replace("cls(1)", "cls(0)")

    assert becomes(answer(code), CLASS) == CLASS.replace("cls(1)", "cls(0)")


def test_keywords_of_a_class_may_change() -> None:
    code = BASKET.replace("=Meta", "=Other").replace(SETTER, "")

    assert becomes(answer(code), CLASS) == CLASS.replace("=Meta", "=Other")


def test_a_member_that_only_lost_its_decorator_beside_one_that_changes_keeps_it() -> None:
    code = BASKET.replace("    @classmethod\n", "").replace("= value", "= value + 1")

    done = applied(answer(code), CLASS)

    assert done.files[PATH] == CLASS.replace("= value", "= value + 1")
    assert "decorators of empty kept" in done.repairs


def test_a_decorator_left_off_and_nothing_else_changed_is_the_repair() -> None:
    code = BASKET.replace("    @classmethod\n", "")

    assert becomes(answer(code), CLASS) == CLASS.replace("    @classmethod\n", "")
