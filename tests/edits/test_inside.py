"""Answers that put the whole format into a fence, not only the code."""

import pytest

from stillwater.edits import Edit, read

CODE = "def half(n):\n    return n / 2"
HEAD = "FILE: a.py\nLINES: 12-20\nREASONING: by three.\n"
WANTED = Edit("a.py", 12, 20, "by three.", CODE)
PROSE = "\nThis halves it.\n"


@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{HEAD}{CODE}\n```\n{PROSE}",
        f"```\n\n{HEAD}\n{CODE}\n```\nIt halves.",
        f"Here it is:\n\n```python\n{HEAD}{CODE}\n```",
        f"```python\n{HEAD}{CODE}\n",
        f"```\n{HEAD}```\n\n```python\n{CODE}\n```\n{PROSE}",
        f"```\n{HEAD}```python\n{CODE}\n```\n```\n{PROSE}",
        f"```\n{HEAD}```\n{CODE}\n```\n```\n",
        f"```\n{HEAD}\n```python\n{CODE}\n```\n",
    ],
)
def test_the_format_inside_a_fence_is_read(answer: str) -> None:
    assert read(answer).edits == (WANTED,)


@pytest.mark.parametrize(
    "answer",
    [
        f"```\n{HEAD}So it was wrong.\n{CODE}\n```\n{PROSE}",
        f"```\n{HEAD}```\nSo it was wrong.\n```python\n{CODE}\n```\n{PROSE}",
    ],
)
def test_a_reasoning_of_several_lines_is_none_of_the_code(answer: str) -> None:
    reading = read(answer)

    assert [(one.reasoning, one.code) for one in reading.edits] == [
        ("by three. So it was wrong.", CODE)
    ]


@pytest.mark.parametrize("first", ["assert LIMIT", "print(1)", "# Halves.", '"""Halves."""', "x"])
def test_the_first_line_of_code_inside_a_fence_is_no_reasoning(first: str) -> None:
    reading = read(f"```\n{HEAD}{first}\n{CODE}\n```\n{PROSE}")

    assert [one.code for one in reading.edits] == [f"{first}\n{CODE}"]


@pytest.mark.parametrize("context", ["", "     if n:\n"])
def test_a_diff_may_stand_inside_a_fence_with_its_keywords(context: str) -> None:
    answer = f"```diff\n{HEAD}-    return n / 3\n{context}+    return n / 2\n```\n{PROSE}"

    (edit,) = read(answer).edits

    assert (edit.old or "").startswith("    return n / 3")
    assert edit.code.endswith("    return n / 2")


OTHER = HEAD.replace("a.py", "b.py").replace("12-20", "3-4")


@pytest.mark.parametrize("between", ["", "\n", PROSE])
@pytest.mark.parametrize("code", [CODE, "x = (1", "  12|def half(n):\n  13|    return n / 2"])
def test_no_block_of_several_such_fences_is_lost(between: str, code: str) -> None:
    reading = read(f"```python\n{HEAD}{code}\n```\n{between}```python\n{OTHER}{CODE}\n```\n{PROSE}")

    assert [(one.path, one.first) for one in reading.edits] == [("a.py", 12), ("b.py", 3)]
    assert reading.edits[1].code == CODE
    assert "halves it" not in reading.edits[0].code


def test_several_blocks_inside_one_fence_are_told_apart() -> None:
    reading = read(f"```python\n{HEAD}{CODE}\n\n{OTHER}{CODE}\n```\n")

    assert [(one.path, one.code) for one in reading.edits] == [("a.py", CODE), ("b.py", CODE)]


def test_closing_marks_without_opening_ones_lose_no_block() -> None:
    reading = read(f"{HEAD}{CODE}\n```\n\n{OTHER}{CODE}\n```\n")

    assert [(one.path, one.code) for one in reading.edits] == [("a.py", CODE), ("b.py", CODE)]


@pytest.mark.parametrize("fence", ["```\nlimit = 2", "```ini\n[half\n"])
def test_the_mark_before_a_block_in_a_fence_of_its_own_is_no_opening(fence: str) -> None:
    reading = read(f"{HEAD}{CODE}\n```\n{OTHER}{fence}\n```\n")

    assert [one.path for one in reading.edits] == ["a.py", "b.py"]
    assert reading.edits[1].code in fence
