"""The prompt: its layout, and the prefix that all attempts of a machine share."""

from typing import get_args

from stillwater.prompt import Lines, ShownFile, Tried, Way, build, file_section

FILES = [ShownFile("a.py", "x = 1\ny = 2\n")]


def text(failing: str = "", tried: tuple[Tried, ...] = ()) -> str:
    return build("It breaks.", FILES, failing, tried)[1]["content"]


def test_files_are_whole_and_their_lines_are_counted_as_python_counts() -> None:
    assert "### a.py (2 lines)\n```python\nx = 1\ny = 2\n```\n" in text()
    assert file_section(ShownFile("a.txt", "a\x0cb\r\nc")) == (
        "### a.txt (2 lines)\n```\na\x0cb\nc\n```\n"
    )


def test_later_attempts_only_append_to_what_the_first_saw() -> None:
    first = text("test_x: assert 1 == 2")
    told = Tried(1, "tests still fail", "-x\n+y", "E   assert 3 == 2")
    second = text("test_x: assert 1 == 2", (told,))
    third = text("test_x: assert 1 == 2", (told, Tried(2, "no edit", "", "empty")))
    shared = first[: first.index("## Answer")]
    assert second.startswith(shared)
    assert third.startswith(second[: second.index("## Answer")])
    assert "RESULT: E   assert 3 == 2" in second


def test_another_cause_is_asked_for_only_where_a_cause_was_tried() -> None:
    cut_off = Tried(1, "the answer held no usable edit", "", "The answer was cut off.")
    tested = Tried(2, "tests still fail", "-x\n+y", "E   assert 3 == 2")

    assert "Find the bug, and answer" in text(tried=(cut_off,))
    assert "another cause" not in text(tried=(cut_off,))
    assert "Look for another cause" in text(tried=(cut_off, tested))


def test_without_failing_tests_none_are_mentioned() -> None:
    assert "## Failing tests" not in text()


def test_of_a_file_shown_in_part_every_line_left_out_is_accounted_for() -> None:
    names = [f"f{n}" for n in range(15)]
    text = "import a\n\n" + "".join(f"def {name}():\n    pass\n" for name in names) + "x = 1\n"

    section = file_section(ShownFile("a.py", text, (Lines(5, 6), Lines(33, 33))))

    assert section == (
        "### a.py (parts of its 33 lines)\n"
        "```python\n"
        "# lines 1-4 are not shown: f0\n"
        "# lines 5-6\n"
        "def f1():\n"
        "    pass\n"
        "# lines 7-32 are not shown: f2, f3, f4, f5, f6, f7, f8, f9, "
        "f10, f11, f12, f13 and 1 more\n"
        "# lines 33-33\n"
        "x = 1\n"
        "```\n"
    )


def test_ways_differ_only_at_the_end() -> None:
    asked = {way: build("p", FILES, "f", [], way)[1]["content"] for way in get_args(Way)}

    head, _, end = asked["definition"].partition("## Answer")
    assert all(prompt.startswith(head) for prompt in asked.values())
    assert len(set(asked.values())) == len(asked)
    assert "the WHOLE corrected file" in asked["file"].removeprefix(head)
    assert "the whole corrected function or method" in end
