"""`builtin/mutate` as a model: prompt in, answer out."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.models.builtin.mutate import answer
from stillwater.prompt import Lines, ShownFile, Tried, build
from tests.hangs import no_hang
from tests.models.builtin.bugs import BUGS
from tests.models.builtin.repairing import BLOCK, Bug, applied, repair

CLAMP = "def clamp(x, low, high):\n    if x < low:\n        return low\n    return x\n"
FAILURE = "tests/test_clamp.py::test_high\nE   assert 12 == 10\n"


@pytest.mark.slow
def test_classic_bugs_are_repaired_within_six_attempts(tmp_path: Path) -> None:
    stories = {bug.name: repair(bug, tmp_path / bug.name) for bug in BUGS}
    repaired = {name: story.repaired for name, story in stories.items()}
    print(repaired)
    assert sum(attempt is not None for attempt in repaired.values()) >= 21, repaired
    for story in stories.values():
        assert len(set(story.patches)) == len(story.patches)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_answer_is_one_valid_edit_of_a_whole_definition(bug: Bug) -> None:
    files = [ShownFile(path, text) for path, text in bug.files.items()]
    text = answer(build(bug.issue, files, "", []))
    found = BLOCK.fullmatch(text)
    assert found is not None
    changed, patch = applied(bug.files, text)
    assert patch
    ast.parse(changed[found["path"]])
    old = bug.files[found["path"]].splitlines()
    assert found["code"].split("\n")[0].lstrip()[:4] == old[int(found["first"]) - 1].lstrip()[:4]


def test_attempts_differ_and_what_failed_is_not_repeated() -> None:
    tried: list[Tried] = []
    seen: set[str] = set()
    for number in range(1, 31):
        text = answer(build("clamp is wrong", [ShownFile("a.py", CLAMP)], FAILURE, tried))
        if BLOCK.fullmatch(text) is None:
            break
        changed, patch = applied({"a.py": CLAMP}, text)
        assert changed["a.py"] not in seen | {CLAMP}
        seen.add(changed["a.py"])
        tried.append(Tried(number, "tests fail", patch, FAILURE))
    assert len(seen) >= 10


def test_a_file_shown_in_part_is_edited_at_its_true_lines() -> None:
    code = f"class Numbers:\n    def other(self):\n        return 1\n\n{indent(CLAMP, '    ')}"
    shown = ShownFile("a.py", code, (Lines(1, 1), Lines(5, 8)))
    text = answer(build("clamp ignores high", [shown, ShownFile("b.py", "x = 1\n")], FAILURE, []))
    assert "LINES: 5-8\n" in text
    assert "```python\n    def clamp" in text


def test_test_files_are_never_edited() -> None:
    files = [ShownFile(p, CLAMP) for p in ("tests/helper.py", "test_a.py", "pkg/conftest.py")]
    text = answer(build("`clamp` ignores high", files, FAILURE, []))
    assert BLOCK.fullmatch(text) is None
    assert "nothing to change" in text


def test_decorators_belong_to_the_definition() -> None:
    code = "import functools\n\n\nclass A:\n    @functools.cache\n    def last(self, xs):\n"
    code += "        return xs[len(xs)]\n"
    text = answer(build("last() crashes", [ShownFile("a.py", code)], "E   IndexError: x\n", []))
    assert "LINES: 5-7\n" in text
    assert "```python\n    @functools.cache\n    def last" in text


def test_a_module_level_line_can_be_changed() -> None:
    code = "LIMIT = 9\n"
    text = answer(build("LIMIT should be 10", [ShownFile("a.py", code)], "", []))
    assert "LINES: 1-1\n" in text
    assert "LIMIT = 10" in text


def test_characters_of_any_width_stay_in_place() -> None:
    code = 'def f(ä, ö):\n    return "日本", ä < ö, "é"\n'
    text = answer(build("f compares ä and ö: equal ones", [ShownFile("ü.py", code)], "", []))
    changed, _ = applied({"ü.py": code}, text)
    ast.parse(changed["ü.py"])
    assert "日本" in changed["ü.py"]


@pytest.mark.parametrize("issue", ["", "it fails", "## Files\n\nFILE: a.py (1 lines)\n   1|x\n"])
def test_a_prompt_without_files_gets_a_sentence(issue: str) -> None:
    text = answer(build(issue, [], "", []))
    assert "FILE:" not in text
    assert text.endswith(".\n")


def test_the_answer_depends_on_nothing_but_the_messages() -> None:
    program = (
        "from stillwater.models.builtin.mutate import answer\n"
        "from stillwater.prompt import ShownFile, build\n"
        "from tests.models.builtin.bugs import BUGS\n"
        "for bug in BUGS:\n"
        "    files = [ShownFile(p, t) for p, t in bug.files.items()]\n"
        "    print(answer(build(bug.issue, files, bug.test, [])))\n"
    )
    root = Path(__file__).parents[3]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert b"FILE:" in outputs.pop()


def test_thirty_thousand_tokens_get_an_answer() -> None:
    root = Path(ast.__file__).parent
    names = ("textwrap.py", "configparser.py", "heapq.py", "fractions.py")
    files = [ShownFile(f"lib/{name}", (root / name).read_text()) for name in names]
    messages = build("dedent() and wrap() lose the last line", files, FAILURE, [])
    assert sum(len(m["content"]) for m in messages) > 4 * 30_000
    with no_hang():
        assert BLOCK.fullmatch(answer(messages)) is not None


LINES = st.sampled_from(
    [
        "## Issue", "## Files", "## Failing tests", "## Earlier attempts", "## Answer", "",
        "### a.py (2 lines)", "```python", "def f(x):", "    return x + 1", "```",
        "### a.py (0 lines)", "### a.py (parts of its 9 lines)", "# lines 2-3",
        "# lines 4-9 are not shown", "Attempt 1: tests fail", "```diff", "```", "+++ b/a.py",
        "@@ -1,2 +1,2 @@", "-    return x + 1", "+    return x - 1", "RESULT: no",
        "E   assert 1 == 10000000000000000000000", "E   assert 1e999 == [1, 'a']",
        "E   assert {} == {1: 2}", "a.py:2: in f", "E   KeyError: 'x'",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(LINES, st.text(max_size=40)), max_size=40))
def test_any_text_gets_an_answer(lines: list[str]) -> None:
    assert answer([{"role": "user", "content": "\n".join(lines)}])


@given(st.text(), st.text(), st.text(), st.text())
def test_any_issue_file_failure_and_attempt_get_an_answer(
    issue: str, code: str, failing: str, patch: str
) -> None:
    files = [ShownFile("a.py", code), ShownFile("b.py", CLAMP)]
    text = answer(build(issue, files, failing, [Tried(1, "no", patch, failing)]))
    assert text.startswith(("FILE: a.py", "FILE: b.py"))


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_content_of_any_shape_gets_an_answer(content: object) -> None:
    assert answer([{"role": "user", "content": content}, {}])


@pytest.mark.parametrize("file", ["argparse.py", "statistics.py", "inspect.py", "typing.py"])
def test_every_mutation_of_real_code_can_be_written(file: str) -> None:
    code = (Path(ast.__file__).parent / file).read_text()
    tried: list[Tried] = []
    for number in range(1, 4):
        text = answer(build(f"wrong result in {file}", [ShownFile(file, code)], "", tried))
        changed, patch = applied({file: code}, text)
        ast.parse(changed[file])
        assert patch
        tried.append(Tried(number, "tests fail", patch, ""))


EXTREMES = {
    "locals": "def f(a, b):\n" + "".join(f"    v{n} = a + b * {n}\n" for n in range(600)),
    "functions": "".join(f"def f{n}(a):\n    return f{n + 1}(a)\n\n\n" for n in range(1500)),
    "elif": "def f(a):\n    if a:\n        return 0\n"
    + "".join(f"    elif a == {n}:\n        return {n}\n" for n in range(900)),
    "nesting": "def f(a):\n    return " + "g(" * 90 + "a" + ")" * 90 + "\n",
    "sum": "def f(a):\n    return " + " + ".join(["a"] * 20_000) + "\n",
    "numbers": f"x = {'9' * 4300}\ny = 1e999\nz = 0x{'f' * 9000}\n",
    "list": f"X = [{', '.join(map(str, range(20_000)))}]\n",
}


@pytest.mark.parametrize("code", EXTREMES.values(), ids=EXTREMES)
def test_extreme_code_gets_an_answer(code: str) -> None:
    with no_hang():
        assert answer(build("f is wrong", [ShownFile("a.py", code)], FAILURE, []))


@pytest.mark.parametrize("text", ["a", "A", "`", "(", "a.", "'\"", "a/", "12 ", "E   assert 1\n"])
def test_extreme_text_gets_an_answer(text: str) -> None:
    tried = [Tried(1, "tests fail", text * 9000, text * 9000)]
    files = [ShownFile("a.py", CLAMP)]
    with no_hang():
        assert BLOCK.fullmatch(answer(build(text * 9000, files, text * 9000, tried)))
