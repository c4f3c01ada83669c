"""Evaluation scripts: the official ones, with and without their hidden tests."""

import pytest

from stillwater.datasets import Instance
from stillwater.errors import InputError
from stillwater.steps import evaluation

PATCH = (
    "diff --git a/t.py b/t.py\n--- a/t.py\n+++ b/t.py\n@@ -1 +1,2 @@\n a\n"
    "+assert hidden_behaviour() == 'secret'\n"
)
SCRIPT = f"""#!/bin/bash
set -uxo pipefail
cd /testbed
git checkout 0123 t.py
git apply -v - <<'EOF_114329324912'
{PATCH}
EOF_114329324912
: '>>>>> Start Test Output'
pytest -rA t.py
: '>>>>> End Test Output'
git checkout 0123 t.py
"""


def instance(script: str = SCRIPT, patch: str = PATCH) -> Instance:
    return Instance.model_validate(
        {
            "instance_id": "s__s-1", "repo": "s/s", "base_commit": "0" * 40,
            "problem_statement": "p", "FAIL_TO_PASS": ["t.py::t"], "image": "i:1",
            "eval_script": script, "test_patch": patch, "log_parser": "parse_log_pytest",
        }
    )  # fmt: skip


def test_only_the_command_that_applies_test_patch_is_left_out() -> None:
    without = evaluation.without_test_patch(SCRIPT, instance())
    command = f"git apply -v - <<'EOF_114329324912'\n{PATCH}\nEOF_114329324912\n"
    assert without == SCRIPT.replace(command, "")


@pytest.mark.parametrize(
    "script",
    [
        "git apply -v - <<'EOF'\nsomething else\nEOF\npytest",
        SCRIPT + f"\ncat <<'X'\n# {PATCH.splitlines()[-1][1:]}\nX\n",
        f"git apply -v - <<'EOF'\n{PATCH}\n",
    ],
)
def test_a_script_that_hides_its_tests_elsewhere_is_refused(script: str) -> None:
    with pytest.raises(InputError, match='feedback = "tests"'):
        evaluation.without_test_patch(script, instance(script))


def test_the_script_is_the_harness_s_own() -> None:
    pytest.importorskip("swebench")
    from swebench.harness.constants import APPLY_PATCH_FAIL, END_TEST_OUTPUT, START_TEST_OUTPUT
    from swebench.harness.utils import make_test_spec

    row = instance().model_dump(mode="json") | {"version": "1", "eval_type": "pass_and_fail"}
    made = evaluation.files(instance(), "a patch", hidden=True)
    assert made[evaluation.SCRIPT].decode() == make_test_spec(row).eval_script
    assert made[evaluation.PATCH] == b"a patch"
    constants = (evaluation.START, evaluation.END, evaluation.APPLY_FAILED)
    assert constants == (START_TEST_OUTPUT, END_TEST_OUTPUT, APPLY_PATCH_FAIL)


def test_what_the_tests_printed_is_between_the_markers() -> None:
    log = "+ set\n+ : '>>>>> Start Test Output'\nPASSED t\n+ : '>>>>> End Test Output'\n+ git"
    assert "PASSED t" in evaluation.printed_by_tests(log)
    assert "git" not in evaluation.printed_by_tests(log)
    assert evaluation.printed_by_tests("no markers") == "no markers"
