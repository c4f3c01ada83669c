"""Grading: logs to statuses, statuses to a verdict."""

import pytest

from stillwater.errors import InputError
from stillwater.grading import judge, parse

PYTEST = """
tests/test_a.py ..F                                                [100%]
=========================== short test summary info ============================
PASSED tests/test_a.py::test_one
\x1b[32mPASSED\x1b[0m tests/test_a.py::test_colour
PASSED tests/test_a.py::test_two[a b]
SKIPPED [2] tests/test_a.py:9: no network
XFAIL tests/test_a.py::test_known - reason
FAILED tests/test_a.py::test_three - assert 1 == 2
ERROR tests/test_b.py - ImportError: no module
========================= 1 failed, 2 passed in 0.02s ==========================
"""

DJANGO = """
test_a (app.tests.T.test_a) ... ok
test_b (app.tests.T.test_b) ... FAIL
test_c (app.tests.T.test_c) ... skipped 'why'
test_d (app.tests.T.test_d) ... ERROR
"""


def test_pytest_summary_is_read_as_the_official_parser_reads_it() -> None:
    ours = parse("pytest", PYTEST.replace("\x1b[32m", "").replace("\x1b[0m", ""), 1)
    pytest.importorskip("swebench")
    from stillwater.grading import official

    theirs = official.parse("pytest", PYTEST.replace("\x1b[32m", "").replace("\x1b[0m", ""))
    assert ours == theirs
    assert ours["tests/test_a.py::test_two[a"] == "PASSED"
    assert ours["tests/test_b.py"] == "ERROR"


def test_an_escape_in_a_message_does_not_hide_a_status() -> None:
    assert parse(None, "FAILED t.py::a - \x1b[1mx\x1b[0m", 1) == {"t.py::a": "FAILED"}


def test_djangos_log_is_read_by_the_official_parser() -> None:
    pytest.importorskip("swebench")
    statuses = parse("django", DJANGO, 1)
    assert statuses["test_a (app.tests.T.test_a)"] == "PASSED"
    assert statuses["test_b (app.tests.T.test_b)"] == "FAILED"


def test_an_unknown_parser_is_one_sentence() -> None:
    pytest.importorskip("swebench")
    with pytest.raises(InputError, match="no log parser 'nonsense'"):
        parse("nonsense", "", 0)


@pytest.mark.parametrize(("code", "status"), [(0, "PASSED"), (1, "FAILED"), (None, "FAILED")])
def test_an_exit_status_can_be_the_test(code: int | None, status: str) -> None:
    assert list(parse("exit", "anything", code).values()) == [status]


@pytest.mark.parametrize(
    ("status", "f2p", "p2p"),
    [
        ("PASSED", True, True),
        ("XFAIL", True, True),
        ("SKIPPED", False, True),
        ("FAILED", False, False),
        ("ERROR", False, False),
        (None, False, False),
    ],
)
def test_what_counts_as_passing(status: str | None, f2p: bool, p2p: bool) -> None:
    tests = {} if status is None else {"t": status}
    assert judge(tests, ["t"], []).resolved is f2p
    assert judge(tests, [], ["t"]).resolved is p2p


def test_the_evidence_names_what_failed_and_what_is_missing() -> None:
    verdict = judge({"a": "PASSED", "b": "FAILED", "z": "PASSED"}, ["a", "b"], ["c"])
    evidence = verdict.evidence()
    assert evidence["tests"] == {"a": "PASSED", "b": "FAILED", "c": "MISSING"}
    assert evidence["fail_to_pass"] == {"passed": ["a"], "failed": ["b"]}
    assert evidence["pass_to_pass"] == {"passed_count": 0, "failed": ["c"]}
    assert verdict.failing == ["b", "c"]
