"""Answers in other forms become the edits that they mean: diffs, search and replace, no FILE."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.edits import EditError, apply, read

SHOP = """\
import os


def price(value):
    base = value

    if base:
        return 1
    return 2


def total():
    return 3
"""
STORE = "def stock(item):\n    count = item + 1\n    return count\n"
FILES = {"shop/shop.py": SHOP, "shop/store.py": STORE, "tests/test_shop.py": "x = 1\n"}
SHOWN = ("shop/shop.py", "shop/store.py")


def changed(answer: str) -> dict[str, str]:
    """The files that the answer changes."""
    reading = read(answer)
    assert reading.problem is None, reading.problem
    return dict(apply(reading.edits, FILES, shown=SHOWN).files)


def search(old: str, new: str) -> str:
    return f"<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


def diff(old: str, new: str, path: str, context: int = 3) -> str:
    return "".join(
        difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), f"a/{path}", f"b/{path}", n=context
        )
    )


REPAIRED = SHOP.replace("if base:", "if base > 0:")
OLD, NEW = "    if base:\n        return 1\n", "    if base > 0:\n        return 1\n"


@pytest.mark.parametrize(
    "answer",
    [
        f"FILE: shop/shop.py\nREASONING: r\n{search(OLD, NEW)}",
        f"FILE: shop/shop.py\n```python\n{search(OLD, NEW)}```\n",
        f"shop/shop.py\n```\n{search(OLD, NEW)}```\n",
        # Its indentation lost, and a line more around it, but for the blank one between.
        "FILE: shop/shop.py\n" + search("base = value\nif base:\n", "base = value\nif base > 0:\n"),
        # Line numbers copied.
        "FILE: shop/shop.py\n"
        + search(
            "   7|    if base:\n   8|        return 1\n", "    if base > 0:\n        return 1\n"
        ),
        diff(SHOP, REPAIRED, "shop/shop.py"),
        f"```diff\n{diff(SHOP, REPAIRED, 'shop/shop.py')}```\n",
        f"Here it is:\n```diff\ndiff --git a/shop/shop.py b/shop/shop.py\n"
        f"{diff(SHOP, REPAIRED, 'shop/shop.py', 1)}```\n",
        # Numbers that are wrong, a hunk without any, and no names of files.
        diff(SHOP, REPAIRED, "shop/shop.py").replace("@@ -4,7 +4,7 @@", "@@ -104,9 +3,2 @@"),
        "FILE: shop/shop.py\n```diff\n@@ ... @@\n-    if base:\n+    if base > 0:\n```",
        "FILE: shop/shop.py\n```diff\n-    if base:\n+    if base > 0:\n```",
        # Unmarked lines that lack the blank before them.
        "FILE: shop/shop.py\n```diff\n@@ -6,4 +6,4 @@\ndef price(value):\n    base = value\n\n"
        "-    if base:\n+    if base > 0:\n        return 1\n    return 2\n```",
        "FILE: shop/shop.py\n```diff\n    base = value\n\n-    if base:\n+    if base > 0:\n"
        "        return 1\n```",
        "FILE: shop/shop.py\nLINES: 4-8\n```python\ndef price(value):\n    base = value\n\n"
        "-    if base:\n+    if base > 0:\n        return 1\n    return 2\n```",
        "*** Begin Patch\n*** Update File: shop/shop.py\n@@ def price(value):\n"
        "-    if base:\n+    if base > 0:\n*** End Patch\n",
    ],
)
def test_diffs_and_searches_are_read(answer: str) -> None:
    assert changed(answer) == {"shop/shop.py": REPAIRED}


def test_a_change_of_indentation_alone_is_a_change() -> None:
    old, new = "        return 1\n    return 2\n", "        return 1\n        return 2\n"

    files = changed(f"FILE: shop/shop.py\n{search(old, new)}")

    assert files == {"shop/shop.py": SHOP.replace("    return 2", "        return 2")}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("FILE: shop/shop.py\n" + search("    if base(:\n", "    if x:\n"), "`if base:`"),
        ("FILE: shop/shop.py\n" + search("", "    if x:\n"), "which lines it replaces"),
        ("```diff\n-    return 3\n+    return 4\n```", "names no file"),
        (diff("a = 1\n", "a = 2\n", "tests/test_shop.py"), "must not be changed"),
    ],
)
def test_what_can_not_be_placed_is_refused(answer: str, said: str) -> None:
    with pytest.raises(EditError) as caught:
        changed(answer)

    assert said in str(caught.value)


def test_the_same_text_in_two_places_is_refused_and_settled_by_a_line() -> None:
    files = {"a.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n"}
    hunk = "-    return 1\n+    return 2\n"

    with pytest.raises(EditError, match="in lines 2-2 and in 6-6"):
        apply(read(f"FILE: a.py\n```diff\n@@ @@\n{hunk}```").edits, files)
    applied = apply(read(f"FILE: a.py\n```diff\n@@ -5,2 +5,2 @@\n{hunk}```").edits, files)

    assert applied.files["a.py"].endswith("def g():\n    return 2\n")


@pytest.mark.parametrize("context", ["    base = value", "     base = value"])
def test_an_added_line_stands_as_deep_as_its_neighbours(context: str) -> None:
    answer = f"FILE: shop/shop.py\n```diff\n@@ @@\n{context}\n+    base = base + 1\n```"

    assert changed(answer) == {
        "shop/shop.py": SHOP.replace("= value\n", "= value\n    base = base + 1\n")
    }


def test_code_that_only_starts_lines_with_signs_is_no_diff() -> None:
    code = "total = (\n1\n+ 2\n- 3\n)"

    assert read(f"FILE: a.py\nLINES: 1-1\n```python\n{code}\n```").edits[0].code == code


RESET = """\
class Reader:
    def go(self):
        for row in self:
            self.reset()
            self.read(row)
"""


@pytest.mark.parametrize("language", ["diff", "patch", "python", ""])
def test_signed_lines_that_python_would_read_are_a_diff(language: str) -> None:
    hunk = "-            self.reset()\n+            self.reset(True)\n"
    answer = f"FILE: a.py\nLINES: 4-4\n```{language}\n{hunk}```"

    files = apply(read(answer).edits, {"a.py": RESET}).files

    assert files == {"a.py": RESET.replace("reset()", "reset(True)")}


@pytest.mark.parametrize("around", ["", "             self.read(row)\n"])
def test_a_diff_may_only_take_away(around: str) -> None:
    answer = f"FILE: a.py\nLINES: 4-4\n```diff\n-            self.reset()\n{around}```"

    files = apply(read(answer).edits, {"a.py": RESET}).files

    assert files == {"a.py": RESET.replace("            self.reset()\n", "")}


def test_code_without_signs_in_a_fence_of_a_diff_is_code() -> None:
    code = "class Reader:\n    def go(self):\n        return 1"

    reading = read(f"FILE: a.py\n```diff\n{code}\n```")

    assert [(one.code, one.old) for one in reading.edits] == [(code, None)]


def test_a_sum_that_goes_on_with_one_sign_is_no_diff() -> None:
    base = "total = (\n    1\n    - 2\n)\n"

    applied = apply(read("FILE: a.py\nLINES: 3-3\n```python\n- 3\n```").edits, {"a.py": base})

    assert applied.files == {"a.py": base.replace("- 2", "- 3")}


def test_a_diff_beside_the_code_that_it_explains_is_left_out() -> None:
    answer = (
        "FILE: shop/store.py\n```diff\n-    count = item + 1\n+    count = item + 2\n```\n"
        "So it becomes:\n```python\ndef stock(item):\n    count = item + 2\n    return count\n```\n"
    )

    assert changed(answer) == {"shop/store.py": STORE.replace("+ 1", "+ 2")}


STOCK = "def stock(item):\n    count = item + 2\n    return count\n"


@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{STOCK}```\n",
        f"The cause is simple.\n\n```python\n{STOCK}```\n",
        f"FILE: path/of/the/file.py\nLINES: 1-3\n```python\n{STOCK}```\n",
        f"FILE: shop/stores.py\n```python\n{STOCK}```\n",
        f"FILE: /testbed/shop/store.py\n```python\n{STOCK}```\n",
        f"FILE: shop/shop.py\nLINES: 1-3\n```python\n{STOCK}```\n",
    ],
)
def test_code_goes_to_the_only_file_shown_that_defines_it(answer: str) -> None:
    assert changed(answer) == {"shop/store.py": STORE.replace("+ 1", "+ 2")}


def test_code_that_two_files_define_needs_a_file() -> None:
    files = {"a.py": STORE, "b.py": STORE}

    with pytest.raises(EditError, match=r"a\.py or b\.py could be meant"):
        apply(read(f"```python\n{STOCK}```").edits, files, shown=tuple(files))


PRICE = SHOP[SHOP.index("def price") : SHOP.index("\n\ndef total")]
HELPER = "def plain(value):\n    return abs(value)\n"
TEST = "def test_price():\n    assert price(1) == 1\n"
MENDED = PRICE.replace("if base:", "if base > 0:")


@pytest.mark.parametrize("code", [f"{HELPER}\n\n{MENDED}", f"{MENDED}\n\n{HELPER}"])
def test_a_new_function_goes_with_one_that_only_one_file_shown_defines_much_alike(
    code: str,
) -> None:
    files = changed(f"```python\n{code}```\n")

    assert list(files) == ["shop/shop.py"]
    assert "    if base > 0:\n" in files["shop/shop.py"]
    assert HELPER in files["shop/shop.py"]


@pytest.mark.parametrize(
    "code",
    [
        f"{HELPER}\n\ndef price(value):\n    return 3\n",
        f"{MENDED}\n\n{STOCK}",
        HELPER,
    ],
)
def test_a_new_function_beside_what_is_unlike_or_of_two_files_needs_a_file(code: str) -> None:
    with pytest.raises(EditError, match="names no file"):
        changed(f"```python\n{code}```\n")


@pytest.mark.parametrize(
    "test", [TEST, f"import pytest\n\n\n{TEST}\n\ntest_price()\n", f"{TEST}\n\n{TEST}"]
)
def test_tests_in_a_fence_of_their_own_need_no_file_beside_code_that_has_one(test: str) -> None:
    answer = f"```python\n{MENDED}```\nThe test:\n```python\n{test}```\n"

    assert changed(answer) == {"shop/shop.py": REPAIRED}
    assert "tests without FILE left out" in apply(read(answer).edits, FILES, shown=SHOWN).repairs


@pytest.mark.parametrize("code", [TEST, f"{TEST}\n\n{HELPER}", f"{TEST}\n\nLIMIT = 3\n"])
def test_what_holds_only_tests_or_more_than_tests_needs_a_file(code: str) -> None:
    head = "" if code == TEST else f"```python\n{MENDED}```\nAnd:\n"

    with pytest.raises(EditError, match="names no file"):
        changed(f"{head}```python\n{code}```\n")


def test_only_a_file_that_was_shown_is_meant() -> None:
    with pytest.raises(EditError, match="names no file"):
        apply(
            read(f"```python\n{STOCK}```").edits,
            FILES,
            shown=("shop/shop.py", "tests/test_shop.py"),
        )


LINES = st.lists(
    st.sampled_from(["a = 1", "b = 2", "c = 3", "d = (4)", "e = 5", "f = 6", ""]), max_size=12
)


@given(LINES, LINES, st.integers(0, 3))
def test_any_diff_that_git_would_apply_is_applied(
    old: list[str], new: list[str], context: int
) -> None:
    before = "".join(f"{line} + {n}\n" if line else "\n" for n, line in enumerate(old))
    after = "".join(f"{line}\n" for line in new)
    text = diff("x = 0\n" + before + "y = 0\n", "x = 0\n" + after + "y = 0\n", "a.py", context + 1)
    if before.split() == after.split():
        return

    applied = apply(read(text).edits, {"a.py": "x = 0\n" + before + "y = 0\n"})

    found, wanted = applied.files["a.py"].splitlines(), ("x = 0\n" + after + "y = 0\n").splitlines()
    assert [line for line in found if line] == [line for line in wanted if line]
