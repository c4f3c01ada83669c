"""The official harness's own reading and grading: the `swebench` package, an extra.

Imported when used. Nothing here decides anything: it hands logs to the package's functions.
"""

import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from stillwater.errors import InputError

# The package reads a .env file of the current folder when it is imported.
os.environ.setdefault("PYTHON_DOTENV_DISABLED", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from swebench.harness import grading, infra_failure
    from swebench.harness.constants import (
        END_TEST_OUTPUT,
        FAIL_TO_PASS,
        PASS_TO_PASS,
        START_TEST_OUTPUT,
        TEST_EXIT_CODE,
        EvalType,
    )
    from swebench.harness.log_parsers import PARSER_REGISTRY
    from swebench.harness.utils import parse_eval_script, record_test_exit_code

PREFIX = "parse_log_"


def parser(name: str) -> str:
    """The full name of the official parser `name` (with or without `parse_log_`).

    Raises:
        InputError: the package knows no such parser.
    """
    full = name if name.startswith(PREFIX) else PREFIX + name
    if full not in PARSER_REGISTRY:
        known = ", ".join(sorted(known.removeprefix(PREFIX) for known in PARSER_REGISTRY))
        raise InputError(f"there is no log parser {name!r}; the official ones: {known}")
    return full


def statuses(name: str, log: str) -> tuple[dict[str, str], bool]:
    """What get_logs_eval finds in the log of an evaluation: each test's status; whether it ran."""
    # The parsers of the Python repositories take the specification and don't look at it.
    spec: Any = SimpleNamespace(log_parser=parser(name))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test_output.txt"
        path.write_text(log, encoding="utf-8", errors="replace")
        found, ran = grading.get_logs_eval(spec, str(path))
    return dict(found), bool(ran)


def marked(log: str, exit_code: int | None) -> str:
    """The log of a bare test command as an evaluation script would have printed it."""
    return f"{START_TEST_OUTPUT}\n{log}\n{END_TEST_OUTPUT}\n{TEST_EXIT_CODE}: {exit_code}\n"


def passed(
    tests: Mapping[str, str],
    fail_to_pass: Sequence[str],
    pass_to_pass: Sequence[str],
    eval_type: str,
) -> tuple[set[str], set[str]]:
    """Which of FAIL_TO_PASS and which of PASS_TO_PASS count as passing (get_eval_tests_report)."""
    expected: Any = {FAIL_TO_PASS: list(fail_to_pass), PASS_TO_PASS: list(pass_to_pass)}
    report = grading.get_eval_tests_report(dict(tests), expected, eval_type=EvalType(eval_type))
    return set(report[FAIL_TO_PASS]["success"]), set(report[PASS_TO_PASS]["success"])


def environment_failure(log: str) -> str | None:
    """Why the environment failed rather than the patch, in the package's own classification."""
    found = infra_failure.classify_text(log)
    if found is None or found[1] != infra_failure.TIER_ENVIRONMENT:
        return None
    return str(found[0])


def check_eval_type(name: str) -> None:
    """Raise InputError for an eval_type that the package doesn't know."""
    known = [one.value for one in EvalType]
    if name not in known:
        raise InputError(f"there is no eval_type {name!r}; the official ones: {', '.join(known)}")


def evaluation_script(eval_script: str) -> str:
    """The instance's script as the harness runs it: the tests' own exit code is printed too."""
    lines = record_test_exit_code(parse_eval_script(eval_script))
    return "\n".join(["#!/bin/bash", "set -uxo pipefail", *lines]) + "\n"
