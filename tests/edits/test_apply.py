"""Where edits go: by name, by lines, by resemblance; and what is refused."""

import textwrap
from collections.abc import Mapping

import pytest

from stillwater.edits import Applied, Edit, EditError, apply

SHOP = '''"""A shop."""

import os
from typing import Any

LIMIT = 3


class Basket:
    """What is bought."""

    size = 0

    def add(self, item):
        self.size += 1
        return item

    def total(self):
        return 0


class Order(Basket):
    def total(self):
        value = 1
        return value


# How prices are shown.
def price(value):
    return f"{value:.2f}"


def main():
    print(price(3))
'''
FILES = {"shop/shop.py": SHOP, "shop/other.py": "x = 1\n", "tests/test_shop.py": "y = 1\n"}


def edit(
    code: str, first: int | None = None, last: int | None = None, path: str = "shop/shop.py"
) -> Edit:
    return Edit(path, first, last if last is not None else first, "", textwrap.dedent(code))


def applied(*edits: Edit, files: Mapping[str, str] = FILES) -> Applied:
    return apply(edits, files)


def new(*edits: Edit) -> str:
    return applied(*edits).files["shop/shop.py"]


def refusal(*edits: Edit, files: Mapping[str, str] = FILES) -> str:
    with pytest.raises(EditError) as caught:
        apply(edits, files)
    return str(caught.value)


def line_of(text: str, within: str = SHOP) -> int:
    return within[: within.index(text)].count("\n") + 1


def test_a_function_goes_where_its_name_stands_whatever_lines_say() -> None:
    code = "def price(value):\n    return str(value)\n"

    result = applied(edit(code, 1, 2))

    assert result.files == {
        "shop/shop.py": SHOP.replace('return f"{value:.2f}"', "return str(value)")
    }
    assert [one.how for one in result.placed] == ["definition"]


def test_a_method_takes_the_indentation_of_its_place() -> None:
    code = "def add(self, item):\n    self.size += 2\n    return item"

    assert new(edit(code)) == SHOP.replace("self.size += 1", "self.size += 2")


def test_lines_say_which_of_two_methods_is_meant() -> None:
    code = "    def total(self):\n        return 7\n"
    at = line_of("class Order")

    assert new(edit(code, at + 1, at + 3)) == SHOP.replace(
        "        value = 1\n        return value\n", "        return 7\n"
    )


def test_two_methods_alike_need_lines() -> None:
    one = "class {}:\n    def f(self):\n        x()\n"
    files = {"a.py": f"{one.format('A')}\n\n{one.format('B')}"}

    said = refusal(edit("def f(self):\n    y()", path="a.py"), files=files)

    assert "A.f in lines 2-3" in said
    assert "B.f in lines 7-8" in said


def test_a_class_around_one_method_keeps_the_others() -> None:
    code = "class Basket:\n    def total(self):\n        return 5\n"

    assert new(edit(code)) == SHOP.replace("        return 0\n", "        return 5\n")


def test_a_class_given_whole_is_replaced_whole() -> None:
    code = "class Order(Basket):\n    tax = 2\n\n    def total(self):\n        return self.tax\n"

    changed = new(edit(code))

    assert code in changed
    assert "value = 1" not in changed
    assert "def add" in changed


def test_a_new_method_in_a_class_joins_it() -> None:
    code = """
        class Basket:
            def total(self):
                return self.count()

            def count(self):
                return self.size
    """

    changed = new(edit(code))

    assert (
        "        return self.count()\n\n    def count(self):\n        return self.size\n" in changed
    )
    assert "def add" in changed
    assert changed.index("def count") < changed.index("class Order")


def test_a_helper_goes_before_the_function_that_it_comes_with() -> None:
    code = """
        def rounded(value):
            return round(value, 2)

        def price(value):
            return str(rounded(value))
    """

    changed = new(edit(code))

    assert "def rounded(value):\n    return round(value, 2)\n\n\n# How prices" in changed


def test_a_helper_in_a_block_of_its_own_goes_to_its_neighbour() -> None:
    helper = edit("def rounded(value):\n    return round(value, 2)")
    user = edit("def price(value):\n    return str(rounded(value))")

    changed = new(helper, user)

    assert changed.index("class Order") < changed.index("def rounded") < changed.index("def price")


def test_a_name_that_the_file_lacks_is_refused_with_those_that_it_has() -> None:
    assert "price" in refusal(edit("def prices(value):\n    return 1"))


def test_a_function_under_another_name_replaces_the_one_it_is_like() -> None:
    at = line_of("value = 1")
    code = "def sum_all(self):\n    value = 1\n    return value\n"

    changed = new(edit(code, at - 1, at + 1))

    assert "    def sum_all(self):\n        value = 1" in changed
    assert changed.count("def total") == 1


def test_imports_above_a_definition_join_the_imports() -> None:
    code = (
        "import os\nimport math\nfrom typing import Any, cast\n\ndef price(v):\n    return math.pi"
    )

    changed = new(edit(code))

    assert (
        "import os\nimport math\nfrom typing import cast\nfrom typing import Any\n\nLIMIT"
        in changed
    )
    assert changed.count("import os") == 1


def test_a_constant_beside_a_definition_replaces_its_namesake() -> None:
    changed = new(edit("LIMIT = 4\n\ndef price(value):\n    return LIMIT"))

    assert "\nLIMIT = 4\n" in changed
    assert "LIMIT = 3" not in changed


def test_a_new_constant_goes_before_the_definition() -> None:
    changed = new(edit("PLACES = 4\n\ndef price(value):\n    return PLACES"))

    assert changed.index("class Order") < changed.index("PLACES = 4\n") < changed.index("def price")


def test_decorators_are_replaced_with_their_function() -> None:
    files = {"a.py": "class A:\n    @property\n    def x(self):\n        return 1\n\n"
             "    @x.setter\n    def x(self, value):\n        pass\n"}  # fmt: skip
    code = "@x.setter\ndef x(self, value):\n    self.y = value\n"

    result = applied(edit(code, path="a.py"), files=files)

    assert result.files["a.py"] == files["a.py"].replace("pass", "self.y = value")


FORGOTTEN = """\
class Query:
    @classmethod
    def parse(cls, text):
        return cls(text.split())

    @property
    def size(self):
        return 1
"""


@pytest.mark.parametrize(
    ("code", "reasoning", "kept"),
    [
        ("def parse(self, text):\n    return Query(text.split('&'))", "it splits at blanks", True),
        ("def parse(self, text):\n    return Query(text.split('&'))", "no classmethod", False),
        ("def parse(self, text):\n    return Query(text)", "The decorator is wrong", False),
        ("@staticmethod\ndef parse(text):\n    return Query(text)", "no class is needed", False),
        ("def parse(cls, text):\n    return cls(text.split())", "it takes the class", False),
        ("def size(self):\n    return 2", "one too few", True),
        ("def size(self):\n    return 2", "the property size must not be one", True),
        ("def size(self):\n    return 2", "Property size drops the last", True),
        ("def size(self):\n    return 2", "I removed the `@property` decorator", False),
        ("def size(self):\n    return 2", "the property decorator is redundant here", False),
    ],
)
def test_decorators_that_an_answer_forgets_are_kept(code: str, reasoning: str, kept: bool) -> None:
    given = Edit("a.py", None, None, reasoning, code)

    result = applied(given, files={"a.py": FORGOTTEN})

    assert (result.files["a.py"].count("    @") == 2) is kept or "@staticmethod" in code
    assert any("kept" in repair for repair in result.repairs) is kept
    assert code.partition("return ")[2] in result.files["a.py"]


def test_a_test_given_for_a_repair_is_refused() -> None:
    code = "def test_price():\n    assert price(2) == '2.00'\n"

    with pytest.raises(EditError, match=r"test_price is a test, and .* holds none: tests stay"):
        applied(edit(code))


def test_a_function_that_only_has_a_name_like_a_test_s_is_none() -> None:
    assert "def test_connection():" in new(edit("def test_connection():\n    return True\n", 31))


def test_comments_given_above_a_definition_do_not_come_twice() -> None:
    code = "# How prices are shown.\ndef price(value):\n    return str(value)\n"

    assert new(edit(code)).count("# How prices are shown.") == 1


def test_a_usage_example_under_the_guard_is_left_out() -> None:
    code = 'def price(value):\n    return 1\n\nif __name__ == "__main__":\n    print(price(2))\n'

    assert "__main__" not in new(edit(code))


def test_lines_are_replaced_as_stated() -> None:
    at = line_of("LIMIT")

    result = applied(edit("LIMIT = 30\nMOST = 40\n", at))

    assert result.files["shop/shop.py"] == SHOP.replace("LIMIT = 3\n", "LIMIT = 30\nMOST = 40\n")
    assert result.placed[0].how == "lines"


@pytest.mark.parametrize("off", [-3, -2, -1, 1, 2, 3])
def test_lines_that_are_off_by_a_few_go_where_the_code_resembles(off: int) -> None:
    at = line_of("value = 1")

    result = applied(edit("value = 11\nreturn value", at + off, at + off + 1))

    assert result.files["shop/shop.py"] == SHOP.replace("value = 1\n", "value = 11\n")
    assert result.placed[0].how == "resemblance"
    assert (result.placed[0].first, result.placed[0].last) == (at, at + 1)


def test_lost_indentation_is_restored() -> None:
    at = line_of("self.size += 1")

    assert new(edit("self.size += 2", at)) == SHOP.replace("size += 1", "size += 2")


def test_lines_that_start_deep_in_a_block_keep_their_shape() -> None:
    files = {
        "a.py": "def f(x):\n    if x:\n        y = 1\n    else:\n        y = 2\n    return y\n"
    }
    code = "        y = 7\n    else:\n        y = 8\n"

    result = applied(Edit("a.py", 3, 5, "", code), files=files)

    assert result.files["a.py"] == files["a.py"].replace("1", "7").replace("2", "8")


def test_a_definition_cut_off_where_lines_end_keeps_the_rest() -> None:
    files = {"a.py": "def f(x):\n    y = 1\n    z = 2\n    w = 3\n    return w\n"}

    result = applied(edit("def f(x):\n    y = 5\n    z = 2", 1, 3, path="a.py"), files=files)

    assert result.files["a.py"] == files["a.py"].replace("y = 1", "y = 5")


LONG = "def f(x):\n    y = 1\n    if not x:\n        return 0\n    z = 3\n    return z\n"


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("def f(x):\n    y = 1\n    if not x:\n        return 9", LONG.replace("0", "9")),
        # Another line is changed, too, or the rest is given: it is the function anew.
        ("def f(x):\n    y = 2\n    if not x:\n        return 9", None),
        ("def f(x):\n    y = 1\n    z = 3\n    return z", None),
    ],
)
def test_the_last_line_of_a_definition_cut_off_may_be_the_one_changed(
    code: str, meant: str | None
) -> None:
    result = applied(edit(code, 1, 4, path="a.py"), files={"a.py": LONG})

    assert result.files["a.py"] == (meant or f"{code}\n")


def test_a_function_given_to_its_return_is_whole_wherever_lines_end() -> None:
    code = "def f(x):\n    return 9"

    assert applied(edit(code, 1, 2, path="a.py"), files={"a.py": LONG}).files["a.py"] == f"{code}\n"


def test_a_class_without_its_bases_and_docstring_is_no_whole_class() -> None:
    code = "class Order:\n    def total(self):\n        return 8\n"

    changed = new(edit(code))

    assert "class Order(Basket):\n    def total(self):\n        return 8\n" in changed


def test_two_equally_good_places_are_both_named() -> None:
    files = {"a.py": "def f():\n    x = 1\n    return x\n\n\ndef g():\n    x = 1\n    return x\n"}

    said = refusal(edit("    x = 2\n    return x", path="a.py"), files=files)

    assert "lines 2-3 and lines 7-8" in said


def test_code_like_nothing_in_the_file_needs_lines() -> None:
    assert "resembles no lines" in refusal(edit("completely.different(thing)[3] = 9"))


def test_a_whole_file_replaces_the_file() -> None:
    whole = SHOP.replace("LIMIT = 3", "LIMIT = 4").replace('"""A shop."""', '"""My shop."""')

    result = applied(edit(whole, 1, SHOP.count("\n")))

    assert result.files["shop/shop.py"] == whole
    assert result.placed[0].how == "whole file"


def test_one_function_for_all_lines_does_not_delete_the_others() -> None:
    changed = new(edit("def price(value):\n    return 1", 1, SHOP.count("\n")))

    assert "class Basket" in changed


def test_several_edits_count_lines_in_the_base_text() -> None:
    limit, value = line_of("LIMIT"), line_of("value = 1")

    changed = new(edit("A = 1\nB = 2\nLIMIT = 5", limit), edit("        value = 2", value))

    assert changed == SHOP.replace("LIMIT = 3", "A = 1\nB = 2\nLIMIT = 5").replace(
        "value = 1\n", "value = 2\n"
    )


def test_edits_of_the_same_lines_are_refused() -> None:
    code = "def price(value):\n    return {}\n"

    assert "same lines" in refusal(edit(code.format(1)), edit(code.format(2)))


def test_all_edits_apply_or_none() -> None:
    good = edit("def price(value):\n    return 1")

    assert "no file" in refusal(good, edit("x = 2", 1, path="missing.py"))


def test_code_that_does_not_compile_is_refused_with_its_line() -> None:
    said = refusal(edit("def price(value):\n    return value +\n", 28, 29))

    assert "return value +" in said or "line" in said
    assert "invalid syntax" in said


def test_return_outside_of_a_function_is_refused() -> None:
    files = {"a.py": "limit = 3\n"}

    assert "outside function" in refusal(edit("return 3", 1, path="a.py"), files=files)


def test_edits_that_change_nothing_are_refused() -> None:
    said = "change nothing"

    assert said in refusal(edit('def price(value):\n    return f"{value:.2f}"'))
    assert said in refusal(edit('def price(value):  # shown\n    return (f"{value:.2f}")'))


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_stay_as_they_are(ends: str) -> None:
    files = {"a.py": "def f():\n    return 1\n\n\nx = f()".replace("\n", ends)}

    result = applied(edit("def f():\n    return 2", path="a.py"), files=files)

    assert result.files["a.py"] == files["a.py"].replace("1", "2")


def test_a_last_line_without_end_stays_without() -> None:
    files = {"a.py": "x = 1\n\n\ndef f():\n    return 1"}

    result = applied(edit("def f():\n    return 2\n", path="a.py"), files=files)

    assert result.files["a.py"].endswith("return 2")


def test_a_file_of_tabs_stays_one() -> None:
    files = {"a.py": "class A:\n\tdef f(self):\n\t\tif 1:\n\t\t\treturn 1\n"}
    code = "def f(self):\n    if 1:\n        return 2\n"

    result = applied(edit(code, path="a.py"), files=files)

    assert result.files["a.py"] == files["a.py"].replace("return 1", "return 2")


def test_a_class_of_tabs_keeps_the_members_that_the_answer_leaves_out() -> None:
    old = "class A:\n\tdef g(self):\n\t\treturn 0\n\n\tdef f(self):\n\t\treturn 1\n"
    code = "class A:\n\tdef f(self):\n\t\treturn 2"
    result = applied(edit(code, path="a.py"), files={"a.py": old})
    assert result.files["a.py"] == old.replace("return 1", "return 2")


def test_text_in_strings_is_not_indented_with_the_code() -> None:
    old = 'class A:\n    def f(self):\n        return """\none\n  two\n""" + "1"\n'
    code = 'def f(self):\n    return """\none\n  two\n""" + "2"\n'

    result = applied(edit(code, path="a.py"), files={"a.py": old})

    assert result.files["a.py"] == old.replace('"1"', '"2"')


def test_form_feeds_do_not_shift_lines() -> None:
    files = {"a.py": "x = 1\n\x0c\ndef f():\n    return 1\n"}

    result = applied(edit("    return 2", 4, path="a.py"), files=files)

    assert result.files["a.py"] == files["a.py"].replace("return 1", "return 2")


def test_files_that_are_not_python_are_edited_by_lines() -> None:
    files = {"setup.txt": "one\ntwo\nthree\n"}

    result = applied(edit("two and a half", 2, path="setup.txt"), files=files)

    assert result.files["setup.txt"] == "one\ntwo and a half\nthree\n"


@pytest.mark.parametrize(
    "code",
    [
        "def price(value):\n    pass\n",
        'def price(value):\n    """Shown."""\n    pass\n',
        "class Basket:\n    def add(self, item):\n        pass\n\n"
        "    def total(self):\n        return 5\n",
        SHOP.replace('    return f"{value:.2f}"', "    pass").replace("LIMIT = 3", "LIMIT = 4"),
    ],
)
def test_a_function_emptied_is_refused(code: str) -> None:
    said = refusal(edit(code))

    assert "has nothing but `pass` for a body" in said
    assert "give its whole corrected body" in said


def test_a_new_function_may_be_empty_and_an_old_one_stay_so() -> None:
    files = {"a.py": "def f():\n    pass\n\n\ndef g():\n    return 1\n"}
    code = "def h():\n    pass\n\n\ndef f():\n    pass\n\n\ndef g():\n    return 2\n"

    assert "return 2" in applied(edit(code, path="a.py"), files=files).files["a.py"]
