"""Comments that stand for definitions which an answer leaves out: those stay as they are."""

import pytest

from stillwater.edits import read
from tests.edits.answers import PATH, answer, applied, becomes, refusal

BASE = """\
import os

LIMIT = 3


class Basket:
    size = 0

    def add(self, item):
        self.size += 2

    def count(self):
        return self.size

    def clear(self):
        self.size = 0


def total(baskets):
    return len(baskets)


def main():
    print(total([Basket()]))


main()
"""
CLEARED = BASE.replace("        self.size = 0\n", "        self.size = None\n")
SUMMED = BASE.replace("len(baskets)", "sum(map(Basket.count, baskets))")
CLEAR = "    def clear(self):\n        self.size = None\n"
COUNT = "    def count(self):\n        return self.size\n"
TOTAL = "def total(baskets):\n    return sum(map(Basket.count, baskets))\n"


@pytest.mark.parametrize("lines", ["", "6-16", "1-27", "15-16"])
@pytest.mark.parametrize(
    "members",
    [
        f"    # ... other methods ...\n\n{CLEAR}",
        f"    # ... existing code ...\n\n{CLEAR}",
        f"    size = 0\n\n    # ... rest of the class\n{CLEAR}\n    # other methods unchanged\n",
        f"{COUNT}    # ... existing code ...\n\n{CLEAR}",
        f"{CLEAR}\n    # ... remaining methods remain the same\n",
    ],
)
def test_members_that_a_comment_stands_for_stay(members: str, lines: str) -> None:
    done = applied(answer(f"class Basket:\n{members}", lines), BASE)

    assert done.files[PATH] == CLEARED
    assert "other definitions left out" in "".join(
        read(answer(f"class Basket:\n{members}")).repairs
    )


@pytest.mark.parametrize("lines", ["", "19-20", "1-27"])
@pytest.mark.parametrize(
    "code",
    [
        f"# ... existing imports ...\n\n\n{TOTAL}",
        f"{TOTAL}\n\n# ... rest of the file remains unchanged\n",
        f"import os\n\n# ... existing code ...\n\n\n{TOTAL}\n\n# ... existing code ...\n",
        f"class Basket:\n{COUNT}\n    # ... other methods\n\n\n{TOTAL}",
    ],
)
def test_definitions_that_a_comment_stands_for_stay(code: str, lines: str) -> None:
    assert becomes(answer(code, lines), BASE) == SUMMED


def test_methods_without_their_class_may_have_such_a_comment_between_them() -> None:
    code = f"{COUNT}\n    # ... other methods ...\n\n{CLEAR}"

    assert becomes(answer(code, "12-16"), BASE) == CLEARED


def test_code_with_such_a_comment_is_never_the_whole_file_or_class() -> None:
    members = BASE[BASE.index("class") : BASE.index("\n\ndef total")].replace("+= 2", "+= 1")
    code = f"{members}\n    # ... other attributes\n\n\n{TOTAL}\n\ndef main():\n    main(1)\n"
    base = BASE.replace("    size = 0\n", "    # Kept.\n    size = 0\n")

    new = becomes(answer(f"LIMIT = 3\n\n\n{code}", "1-28"), base)

    assert "# Kept." in new
    assert new.endswith("\n\nmain()\n")
    assert "+= 1" in new


@pytest.mark.parametrize(
    "code",
    [
        f"class Basket:\n{CLEAR}        # ... other methods\n",
        "def total(baskets):\n    number = 0\n# ... existing code ...\n",
        "def total(baskets):\n    number = 0\n\n# rest of the code unchanged\n",
        f"{TOTAL}# ... rest of the function\n",
        f"# the implementation remains the same\n{TOTAL}",
        f"class Basket:\n{COUNT}    # ... the rest of the method is unchanged\n",
        f"class Basket:\n    # ... other methods ...\n\n\n{TOTAL}",
        "class Basket:\n    size = 1\n    # ... other methods ...\n",
        f"{TOTAL}\n\nif True:\n    # ... existing code ...\n    main()\n",
        f"SIZES = [\n    # ... existing code ...\n    1,\n]\n\n\n{TOTAL}",
        "def make():\n    class Bag:\n        def f(self):\n            return 1\n\n"
        "        # ... other methods\n    return Bag\n",
        f"{TOTAL}\n\n...\n",
    ],
)
def test_a_comment_that_may_stand_for_a_part_of_a_definition_is_refused(code: str) -> None:
    assert "leaves parts out" in (read(answer(code)).problem or "")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"class Bag:\n    # ... other methods\n{CLEAR}", "defines no Bag"),
        (f"{TOTAL}\n\n# ... other functions\n\ntotal.cache: dict = {{}}\n", "leaves parts out"),
    ],
)
def test_code_with_such_a_comment_replaces_no_lines(code: str, said: str) -> None:
    assert said in refusal(answer(code, "6-16"), BASE)


def test_such_a_comment_of_the_file_s_own_is_none() -> None:
    code = f"# ... existing code comes first\n{TOTAL}"

    reading = read(answer(code), known={"# ... existing code comes first"})

    assert [(one.code, one.partial) for one in reading.edits] == [(code.strip(), False)]
