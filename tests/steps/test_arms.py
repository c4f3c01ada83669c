"""The ways that Stillwater is compared with: a diff over snippets, and edits taken as stated."""

import pytest

from stillwater.config import SHIPPED
from tests.steps.test_asking import grown
from tests.steps.test_repairs import CODE, RIGHT, World, events, world

__all__ = ["world"]

PATCH, STRICT = SHIPPED["patch"], SHIPPED["strict"]
DIFF = (
    """\
--- a/code_.py
+++ b/code_.py
@@ -1,4 +1,4 @@
 def double(x):
-    return x + 1
+    return 2 * x
"""
    + " \n \n"
)


def test_a_diff_over_snippets_is_given_to_git(world: World) -> None:
    history = world.repair(f"```diff\n{DIFF}```\n", **PATCH)

    assert events(history) == ["read", "proposed", "applied", "passed"]
    (prompt,) = world.prompts()
    assert "code_.py, lines 1-6:\n```python\ndef double(x):\n" in prompt


def test_a_snippet_is_about_a_kilobyte_of_what_the_issue_is_about(world: World) -> None:
    grown(world, CODE + "".join(f"\n\ndef other_{n}(a):\n    return a * {n}\n" for n in range(900)))
    world.repair(DIFF, **PATCH)

    (prompt,) = world.prompts()
    assert "def double(x):" in prompt
    assert "code_.py, lines 1-" in prompt
    assert len(prompt) < 12_000


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (DIFF.replace("x + 1", "x + one"), "git apply"),
        (DIFF.replace("@@ -1,4 +1,4 @@", "@@ ... @@"), "git apply"),
        (DIFF.replace("code_.py", "codes.py"), "git apply"),
        (DIFF.replace("code_.py", "tests/test_code.py"), "must not be changed"),
        (DIFF.replace("code_.py", "../code_.py"), "git apply"),
    ],
)
def test_a_diff_that_git_refuses_is_rejected(world: World, answer: str, said: str) -> None:
    history = world.repair(answer, **PATCH)

    assert events(history) == ["read", "proposed", "rejected", "exhausted"]
    assert said in str(history[2].evidence["problem"])


def test_an_answer_without_a_diff_is_unusable(world: World) -> None:
    assert "unusable" in events(world.repair(RIGHT, **PATCH))


def test_strictly_taken_a_right_edit_repairs(world: World) -> None:
    assert events(world.repair(RIGHT, **STRICT))[-1] == "passed"


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (RIGHT.replace("FILE: code_.py", "FILE: ./code_.py"), "unusable"),
        (RIGHT.replace("LINES: 1-2\n", ""), "unusable"),
        (RIGHT.replace("```\n", ""), "unusable"),
        (RIGHT.replace("FILE: code_.py", "FILE: a/code_.py"), "rejected"),
        (RIGHT.replace("LINES: 1-2", "LINES: 1-3").replace("1-3", "2-2"), "rejected"),
        (RIGHT.replace("LINES: 1-2", "LINES: 8-9"), "rejected"),
    ],
)
def test_strictly_taken_nothing_is_repaired(world: World, answer: str, event: str) -> None:
    assert event in events(world.repair(answer, **STRICT))
