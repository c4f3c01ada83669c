"""Answers as small models give them, and the edits that they mean."""

import pytest

from stillwater.edits import Edit, read

CODE = "def half(n):\n    return n / 2"
WHOLE = f"""FILE: pkg/numbers.py
LINES: 12-20
REASONING: the division was by three.
```python
{CODE}
```
"""
WANTED = Edit("pkg/numbers.py", 12, 20, "the division was by three.", CODE)

DAMAGED = {
    "as asked for": (WHOLE, ()),
    "no closing fence": (WHOLE.rstrip().removesuffix("```"), ("fence completed",)),
    "no opening fence": (WHOLE.replace("```python\n", ""), ("fence added",)),
    "no fences": (WHOLE.replace("```python\n", "").replace("```", ""), ("fence added",)),
    "tildes": (WHOLE.replace("```python", "~~~py").replace("```", "~~~"), ()),
    "four backticks": (WHOLE.replace("```", "````"), ()),
    "the fence twice": (WHOLE.replace("```python", "```\n```python"), ()),
    "the fence twice, apart": (WHOLE.replace("```python", "```\n\n```python"), ()),
    "no language": (WHOLE.replace("```python", "```"), ()),
    "prose around": (f"Sure, here it is:\n\n{WHOLE}\nThis repairs the bug.", ()),
    "a heading before": (f"## Answer\n\n{WHOLE}", ()),
    "windows line ends": (WHOLE.replace("\n", "\r\n"), ("line ends made plain",)),
    "thinking before": (f"<think>\nFILE: x.py?\n</think>\n{WHOLE}", ("thinking left out",)),
    "thinking not opened": (f"Let me see.\n</think>\n{WHOLE}", ("thinking left out",)),
    "a mark at the end": (WHOLE.rstrip().removesuffix("```") + "<|im_end|>\n```", None),
    "bold keywords": (
        WHOLE.replace("FILE:", "**FILE:**").replace("LINES:", "**LINES**:"),
        ("FILE made plain",),
    ),
    "a list of keywords": (
        WHOLE.replace("FILE", "- FILE").replace("LINES", "- LINES").replace("REASON", "- REASON"),
        ("FILE made plain",),
    ),
    "keywords as headings": (WHOLE.replace("FILE:", "### FILE:"), ("FILE made plain",)),
    "keywords in backticks": (WHOLE.replace("FILE:", "`FILE`:"), ("FILE made plain",)),
    "lower case": (
        WHOLE.replace("FILE:", "file:").replace("LINES:", "lines:").replace("REASON", "reason"),
        ("FILE made plain",),
    ),
    "another keyword": (WHOLE.replace("FILE:", "File path:"), ("FILE made plain",)),
    "path in backticks": (
        WHOLE.replace("pkg/numbers.py", "`pkg/numbers.py`"),
        ("FILE made plain",),
    ),
    "path in quotes": (
        WHOLE.replace("pkg/numbers.py", '"./pkg/numbers.py"'),
        ("FILE made plain",),
    ),
    "the count of lines echoed": (WHOLE.replace(".py", ".py (120 lines)"), ("FILE made plain",)),
    "lines in words": (WHOLE.replace("12-20", "12 to 20"), ("LINES made plain",)),
    "lines with letters": (WHOLE.replace("12-20", "L12-L20"), ("LINES made plain",)),
    "lines backwards": (WHOLE.replace("12-20", "20-12"), ()),
    "lines with a dash": (WHOLE.replace("12-20", "12 – 20"), ("LINES made plain",)),
    "file and lines in one": (
        WHOLE.replace(".py\nLINES: 12-20", ".py, LINES: 12-20"),
        ("FILE made plain",),
    ),
    "reasoning over lines": (WHOLE.replace("the division", "the\ndivision"), ()),
    "numbers copied": (
        WHOLE.replace("def half", "  12|def half").replace("    return", "  13|    return"),
        ("line numbers left out",),
    ),
    "numbers copied, spaced": (
        WHOLE.replace("def half", "12 | def half").replace("    return", "13 |     return"),
        ("line numbers left out",),
    ),
    "numbers with colons": (
        WHOLE.replace("def half", "12: def half").replace("    return", "13:     return"),
        ("line numbers left out",),
    ),
    "a placeholder echoed": (
        WHOLE.replace("def half", "the whole corrected function, method or class\ndef half"),
        ("placeholder left out",),
    ),
    "the path as a comment": (
        WHOLE.replace("def half", "# pkg/numbers.py\ndef half"),
        ("path left out of the code",),
    ),
    "the template first": (
        "FILE: path/of/the/file.py\nLINES: first-last\nREASONING: x\n```python\n"
        f"the whole corrected function, method or class\n```\n\n{WHOLE}",
        None,
    ),
    "the old code quoted": (
        WHOLE.replace("```python", "Before:\n```python\ndef half(n): return 3\n```\nAfter:\n```py"),
        None,
    ),
    "the same block twice": (WHOLE + "\n" + WHOLE, ()),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_answer_means_what_the_whole_one_means(name: str) -> None:
    completion, repairs = DAMAGED[name]

    reading = read(completion)

    assert reading.problem is None
    if "quoted" in name:
        assert [edit.code for edit in reading.edits] == [CODE]
    else:
        assert reading.edits == (WANTED,)
    if repairs is not None:
        assert set(repairs) <= set(reading.repairs)


def test_nothing_is_called_repaired_in_an_answer_as_asked_for() -> None:
    assert read(WHOLE).repairs == ()


def test_lines_may_be_absent() -> None:
    edit = read(WHOLE.replace("LINES: 12-20\n", "")).edits[0]

    assert (edit.first, edit.last) == (None, None)


def test_one_line_is_a_range() -> None:
    edit = read(WHOLE.replace("12-20", "12")).edits[0]

    assert (edit.first, edit.last) == (12, 12)


def test_absent_lines_come_from_the_numbers_copied_into_the_code() -> None:
    answer = "FILE: a.py\n```python\n   7|def f():\n   8|    return 1\n```\n"

    assert read(answer).edits == (Edit("a.py", 7, 8, "", "def f():\n    return 1"),)


def test_reasoning_may_follow_the_code_or_be_absent() -> None:
    after = "FILE: a.py\nLINES: 1-2\n```python\nx = 1\n```\nREASONING: because.\n"

    assert read(after).edits[0].reasoning == "because."
    assert read(after.replace("REASONING: because.", "")).edits[0].reasoning == ""


def test_several_files_and_several_blocks_are_several_edits() -> None:
    other = WHOLE.replace("numbers.py", "words.py").replace("12-20", "3-4")

    reading = read(WHOLE + other)

    assert [edit.path for edit in reading.edits] == ["pkg/numbers.py", "pkg/words.py"]
    assert [edit.first for edit in reading.edits] == [12, 3]


def test_a_second_block_belongs_to_the_file_of_the_first() -> None:
    more = "LINES: 30-31\nREASONING: here too.\n```python\nlimit = 2\n```\n"

    reading = read(WHOLE + more)

    assert reading.edits == (WANTED, Edit("pkg/numbers.py", 30, 31, "here too.", "limit = 2"))
    assert "FILE taken from the block before" in reading.repairs


def test_a_block_whose_fence_is_open_ends_where_the_next_begins() -> None:
    first = WHOLE.rstrip().removesuffix("```")

    reading = read(first + WHOLE.replace("numbers.py", "words.py"))

    assert [edit.path for edit in reading.edits] == ["pkg/numbers.py", "pkg/words.py"]
    assert [edit.code for edit in reading.edits] == [CODE, CODE]


def test_blocks_without_any_fence_are_told_apart() -> None:
    plain = WHOLE.replace("```python\n", "").replace("```", "")

    reading = read(plain + plain.replace("numbers.py", "words.py"))

    assert [edit.code for edit in reading.edits] == [CODE, CODE]


def test_annotations_of_code_without_fences_are_no_keywords() -> None:
    answer = (
        "FILE: a.py\nclass Found:\n    path: pathlib.Path\n    lines: list[str]\n    code: str\n"
    )

    assert read(answer).edits[0].code.count("\n") == 3


@pytest.mark.parametrize(
    "prose",
    [
        "This halves it.",
        "\nThis halves it.",
        "\nThe cause:\n- it was by three\n\n**Done.** It `halves` now.",
    ],
)
def test_prose_after_code_without_fences_takes_no_line_of_it(prose: str) -> None:
    code = "def half(n):\n    n = float(n)\n\n    return n / 2"

    assert read(f"FILE: a.py\nLINES: 1-2\n{code}\n{prose}\n").edits[0].code == code


@pytest.mark.parametrize(
    "end", ["    return n /", "    This halves it.", "LIMIT = [", "print(half(", "class Half"]
)
def test_broken_code_without_fences_loses_no_line(end: str) -> None:
    code = f"def half(n):\n    n = float(n)\n\n    m = n\n{end}"

    assert read(f"FILE: a.py\nLINES: 1-2\n{code}\n").edits[0].code == code


@pytest.mark.parametrize("name", ["reason", "cause", "explanation", "rationale", "# reason"])
def test_an_attribute_of_code_without_fences_is_no_reasoning(name: str) -> None:
    code = f"class Failure:\n    place: int\n    {name}: str\n    line: int"

    edit = read(f"FILE: a.py\nREASONING: why.\n{code}\n").edits[0]

    assert (edit.code, edit.reasoning) == (code, "why.")


def test_keywords_may_be_indented_and_in_lower_case_but_for_attributes() -> None:
    edit = read(f"- file: a.py\n  lines: 1-2\n  Reason: why.\n```\n{CODE}\n```\n").edits[0]

    assert edit == Edit("a.py", 1, 2, "why.", CODE)


@pytest.mark.parametrize("lead", ["  ", "   ", "    ", "\t"])
def test_the_indentation_of_a_fence_is_none_of_its_code(lead: str) -> None:
    code = "x = 1\n\nif x:\n    y = 2"
    fence = "\n".join(lead + line for line in f"```python\n{code}\n```".split("\n"))

    assert read(f"1. FILE: a.py\n{lead}LINES: 1-2\n\n{fence}\n").edits[0].code == code
    assert read(f"FILE: a.py\nLINES: 1-2\n{fence.rstrip('`')}\n").edits[0].code == code


@pytest.mark.parametrize("code", ["    x = 1\n    y = 2", "x = 1\n   if y:\n       pass"])
def test_code_keeps_its_indentation_where_its_fence_has_none_or_more_than_it(code: str) -> None:
    head = "FILE: a.py\nLINES: 1-2\n"
    lead = "" if code.startswith(" ") else "   "

    assert read(f"{head}{lead}```python\n{code}\n{lead}```\n").edits[0].code == code


def test_a_fence_inside_a_docstring_does_not_end_the_code() -> None:
    code = 'def f():\n    """Shown:\n\n    ```\n    f()\n    ```\n    """\n    return 1'

    reading = read(f"FILE: a.py\nLINES: 1-2\n```python\n{code}\n```\n")

    assert reading.edits == (Edit("a.py", 1, 2, "", code),)


def test_a_path_beside_the_fence_stands_for_file() -> None:
    for answer in ("```python pkg/a.py\nx = 1\n```", "`pkg/a.py`\n```python\nx = 1\n```"):
        assert [edit.path for edit in read(answer).edits] == ["pkg/a.py"]


ELSEWHERE = [
    "**pkg/b.py**\n```python\nlimit = 2\n```\n",
    "```python pkg/b.py\nlimit = 2\n```\n",
    "And so:\n```python\n# pkg/b.py\nlimit = 2\n```\n",
]


@pytest.mark.parametrize("more", ELSEWHERE)
def test_a_path_beside_a_further_fence_is_that_one_s(more: str) -> None:
    reading = read(f"{WHOLE}\n{more}\nLINES: 3-4\n```python\nmost = 3\n```\n")

    assert [one.path for one in reading.edits] == ["pkg/numbers.py", "pkg/b.py", "pkg/numbers.py"]


@pytest.mark.parametrize("name", ["pkg/numbers.py", "numbers.py"])
def test_a_path_beside_a_further_fence_may_be_the_tail_of_file(name: str) -> None:
    reading = read(f"{WHOLE}\n`{name}`\n```python\nlimit = 2\n```\n")

    assert [one.path for one in reading.edits] == ["pkg/numbers.py", "pkg/numbers.py"]


@pytest.mark.parametrize("more", ELSEWHERE)
def test_the_first_code_after_file_is_file_s_whatever_stands_beside_it(more: str) -> None:
    reading = read(f"FILE: pkg/numbers.py\nLINES: 1-2\n{more}")

    assert [one.path for one in reading.edits] == ["pkg/numbers.py"]


UNUSABLE = {
    "": "empty",
    "  \n\t\n": "empty",
    "The bug is in the loop.": "prose",
    "<think>Hmm, let me see": "thinking",
    "<think>Hmm</think>": "empty",
    "FILE: a.py\nLINES: 1-2\nREASONING: why": "prose",
    "FILE: a.py\n```python\n```": "placeholders",
    "FILE: the file's path\nLINES: first-last\n```python\nx = 1\n```": "no file",
    "FILE: a.py\n```python\nthe whole corrected function or method\n```": "placeholders",
    "```python\nx = 1\n```": "no file",
    "FILE: a.py\n```diff\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+x\n```": "changes nothing",
    "FILE: a.py\n```\n<<<<<<< SEARCH\nx\n=======\ny\n```": "cut off",
}


@pytest.mark.parametrize("completion", UNUSABLE, ids=range(len(UNUSABLE)))
def test_an_answer_without_edits_says_why(completion: str) -> None:
    reading = read(completion)

    assert reading.edits == ()
    assert UNUSABLE[completion] in (reading.problem or "")


CLOSING = "\nThe division was by three, as the issue"


@pytest.mark.parametrize(
    "words",
    [
        CLOSING,
        f"\n### Why\n\n1. It halves:\n   {CLOSING.strip()}",
        "\nIt halves. The file",
        "\nSo",
        "\nAll else in numbers.py stays",
    ],
)
def test_an_answer_cut_off_in_its_closing_words_is_whole(words: str) -> None:
    reading = read(WHOLE + words, finish_reason="length")

    assert reading.edits == (WANTED,)
    assert reading.repairs == ("cut off in its closing words",)


@pytest.mark.parametrize(
    "completion",
    [
        WHOLE,
        WHOLE + "\n",
        WHOLE.rstrip().removesuffix("```") + CLOSING,
        f"{WHOLE}{CLOSING}\n```python\ndef third(n):",
        f"{WHOLE}{CLOSING}\n``",
        f"{WHOLE}{CLOSING}\n\nFILE: pkg/words.py",
        f"{WHOLE}{CLOSING}\n\nFILE: pkg",
        f"{WHOLE}{CLOSING}\n\nFI",
        f"{WHOLE}{CLOSING}\n\n**LINES:** 3",
        f"{WHOLE}{CLOSING}\n\nREASONING: there too",
        f"{WHOLE}\nThe other function has to be:",
        f"{WHOLE}{CLOSING}\n\n`pkg/words.py`",
        f"{WHOLE}{CLOSING}\n\n### 2. pkg/words.py\nHere",
        f"{WHOLE}\nNow, `pkg/words.py` also needs",
        f"{WHOLE}{CLOSING}\ndef third(n):\n    return",
        f"{WHOLE}{CLOSING}\n@@ -1 +1 @@\n-x\n+y\n",
        WHOLE.replace("```python\n", "").replace("```\n", "") + CLOSING,
        CLOSING,
        "```python\ndef half(n):\n    return n / 2\n",
    ],
)
def test_an_answer_whose_code_may_be_cut_off_is_none(completion: str) -> None:
    reading = read(completion, finish_reason="length")

    assert reading.edits == ()
    assert "cut off" in (reading.problem or "")


def test_an_answer_cut_off_while_the_model_thinks_says_so() -> None:
    reading = read("<think>\nHmm, let me see", finish_reason="length")

    assert "thinking" in (reading.problem or "")


@pytest.mark.parametrize(
    "body",
    [
        "    x = 1\n    ...\n    return x",
        "    # ... existing code ...\n    return 1",
        "    # rest of the function\n",
        "    # ... rest of the code remains the same\n    return 1",
        "    # remaining code unchanged\n    return 1",
        "    x = 1\n    # (unchanged)\n",
        "    ...",
        "    x = 1\n    …\n    return x",
        "    if x:\n        ...\n    return x",
        "    # ...\n    return x",
        "    if x:\n        return 1\n    pass  # rest of the function remains unchanged",
        "    x = 1\n    pass  # ... existing code ...",
        "    if x:\n        pass  # unchanged\n    return x",
    ],
)
def test_code_that_leaves_parts_out_is_refused(body: str) -> None:
    reading = read(f"FILE: a.py\nLINES: 1-9\n```python\ndef f(x):\n{body}\n```\n")

    assert reading.edits == ()
    assert "leaves parts out" in (reading.problem or "")


@pytest.mark.parametrize(
    "sentence",
    [
        "Replace the buggy half with:",
        "Change the current code as follows:",
        "**Change the old function to:**",
        "The faulty line has to be:",
        "Replace the original function with the corrected one:",
        "Replace the wrong code by this:",
    ],
)
def test_a_sentence_that_says_what_the_old_code_becomes_announces_the_fix(sentence: str) -> None:
    answer = WHOLE.replace("```python", f"{sentence}\n```python")
    more = f"And the test of the old:\n```python\n{CODE.replace('half', 'third')}\n```\n"

    assert read(answer + more).edits[0].code == CODE


CORRECTED = [
    "Here is the corrected version of the original function:",
    "**The fixed `half` function, which replaces the buggy one:**",
    "The original function in its new implementation:",
]


@pytest.mark.parametrize("sentence", CORRECTED)
def test_a_sentence_that_calls_the_code_corrected_too_announces_the_fix(sentence: str) -> None:
    answer = WHOLE.replace("```python", f"{sentence}\n```python") + "So:\n```\nhalf(2)\n```\n"

    assert [one.code for one in read(answer, known={"def half(n):"}).edits] == [CODE]


@pytest.mark.parametrize("sentence", [*CORRECTED, "The original function, to be fixed:"])
def test_code_that_such_a_sentence_announces_is_a_quote_where_the_file_has_it(
    sentence: str,
) -> None:
    quote = "def half(n):\n\n    return n / 3"
    code = f"{sentence}\n```python\n{quote}\n```\nIt becomes:\n```python"

    reading = read(WHOLE.replace("```python", code), known={"def half(n):", "return n / 3"})

    assert [one.code for one in reading.edits] == [CODE]
    assert "quoted old code left out" in reading.repairs


@pytest.mark.parametrize("ahead", [True, False])
def test_code_that_leaves_parts_out_is_ignored_where_all_of_it_is_given_whole(ahead: bool) -> None:
    part = "```python\ndef half(n):\n    # ... existing code ...\n    return n / 2\n```\n"
    fix = f"```python\n{CODE}\n```\n"
    head = WHOLE.partition("```")[0]

    reading = read(f"{head}{part}Whole:\n{fix}" if ahead else f"{head}{fix}In short:\n{part}")

    assert [one.code for one in reading.edits] == [CODE]
    assert "code with parts left out ignored" in reading.repairs


def test_code_that_leaves_parts_out_spoils_the_answer_where_more_of_it_is_missing() -> None:
    part = "```python\ndef half(n):\n    ...\n\ndef third(n):\n    return n / 3\n```\n"

    assert "leaves parts out" in (read(f"{WHOLE}Else:\n{part}").problem or "")


LEAVING_OUT = """\
... (rest of the function remains the same)
... rest of the function remains the same
... the rest of the function is unchanged
... rest of the method implementation remains the same
... (no changes)
All other methods remain the same
Other methods and attributes remain the same
Rest remains the same
rest unchanged
The rest stays the same
Implementation remains the same
function body remains the same
Code omitted for brevity
same as above
as before
Your existing code here
Keep the rest as is
leave the other methods as they are
unchanged code
... existing code to split the value
... other cases remain the same
...remaining checks of the quotes
... the lines that follow stay unchanged, as they were
"""


@pytest.mark.parametrize("comment", LEAVING_OUT.splitlines())
def test_a_comment_that_stands_for_code_is_refused(comment: str) -> None:
    answer = f"FILE: a.py\nLINES: 1-9\n```python\ndef f(x):\n    # {comment}\n    return 1\n```\n"

    assert "leaves parts out" in (read(answer).problem or "")


@pytest.mark.parametrize(
    "line", ["pass  # rest of the function remains unchanged", "# ... existing rows come first"]
)
def test_a_line_that_the_file_has_stands_for_nothing_left_out(line: str) -> None:
    answer = f"FILE: a.py\nLINES: 1-9\n```python\ndef f(x):\n    {line}\n    return 1\n```\n"

    assert read(answer, known={line}).problem is None
    assert "leaves parts out" in (read(answer).problem or "")


@pytest.mark.parametrize(
    "code",
    [
        "class Reader(Protocol):\n    def read(self) -> str: ...",
        "class Reader(Protocol):\n    def read(self) -> str:\n        '''Read.'''\n        ...",
        "@overload\ndef f(x: int) -> int: ...\n\n\ndef f(x):\n    return x",
        "class Base(ABC):\n    @abstractmethod\n    def f(self): ...",
        "class Broken(Exception): ...",
        "def f(x):\n    return x[..., 0]",
        "def f(x: tuple[int, ...]):\n    return x",
        "def f(x):\n    # ...or in annotations, if it is a class\n    return x",
        "def f(x):\n    # ...and what remains goes to the end\n    return x",
        "def f(x):\n    pass  # the rest of the items are handled by the caller",
        "def f(x):\n    return x  # as before",
        "def f(x):\n    # handles the rest of the items one by one\n    return x",
        "def f(x):\n    # keep the rest of the rows sorted\n    return x",
        "def f(x):\n    # unchanged rows are skipped\n    return x",
        "def f(x):\n    # the same key may come twice\n    return x",
        "def f(x):\n    # other methods call this with a lock held\n    return x",
        "def f(x):\n    # the file is unchanged\n    return x",
        "def f(x):\n    # the function is the same for both\n    return x",
        "def f(x):\n    # no changes\n    return x",
        "def f(x):\n    # keep the rest\n    return x",
        "def f(x):\n    try:\n        g()\n    except KeyError: ...",
        'def f(x):\n    return "# ... existing code ..."',
    ],
)
def test_an_ellipsis_that_belongs_there_is_no_elision(code: str) -> None:
    reading = read(f"FILE: a.py\nLINES: 1-9\n```python\n{code}\n```\n")

    assert reading.problem is None
    assert [edit.code for edit in reading.edits] == [code]
