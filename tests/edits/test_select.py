"""Which of several definitions of a name an answer means, and whether it means any."""

import pytest

from tests.edits.answers import answer, becomes, refusal

BASE = """\
class Shape:
    @property
    def area(self):
        width = self.width
        return width * self.height

    def name(self):
        return "shape"


class Circle:
    def area(self):
        radius = self.radius
        return 3 * radius

    def name(self):
        return "circle"


def total(shapes):
    return sum(one.area for one in shapes)
"""
AREA = "    def area(self):\n        width = self.width\n        return width * self.height * 2"


def test_lines_say_which_class_is_meant_though_the_decorator_is_forgotten() -> None:
    new = becomes(answer(AREA, "2-5"), BASE)

    assert new == BASE.replace("self.height", "self.height * 2")


def test_a_stated_place_that_the_code_is_nothing_like_does_not_bind() -> None:
    code = "    def area(self):\n        radius = self.radius\n        return 3 * radius**2"

    new = becomes(answer(code, "2-5"), BASE)

    assert new == BASE.replace("3 * radius", "3 * radius**2")


ONE_AREA = BASE.replace("def area(self):\n        r", "def r(self):\n        r")


@pytest.mark.parametrize("base", [BASE, ONE_AREA], ids=["two", "one"])
@pytest.mark.parametrize("lines", ["", "20-21"])
def test_a_helper_leaves_the_methods_of_its_name(base: str, lines: str) -> None:
    helper = "def area(shape):\n    return abs(shape.area)"
    fix = "def total(shapes):\n    return sum(area(one) for one in shapes)"

    new = becomes(answer(f"{helper}\n\n\n{fix}", lines), base)

    assert new == base[: base.index("def total")] + f"{helper}\n\n\n{fix}\n"


def test_a_method_that_lost_its_instance_is_taken_where_lines_say_so() -> None:
    code = "def name(shape):\n    return 'a shape'"

    assert becomes(answer(code, "7-8"), BASE) == BASE.replace(
        'def name(self):\n        return "shape"', "def name(shape):\n        return 'a shape'"
    )


def test_a_function_alone_is_no_method_s_new_text_without_lines() -> None:
    said = refusal(answer("def name(shape):\n    return 'a shape'"), BASE)

    assert "defines no name; it has " in said
    assert "Shape.name" in said
