"""Grading: logs to statuses, statuses to a verdict."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.errors import InputError
from stillwater.grading import Printed, Reading, check, judge, read

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
    log = PYTEST.replace("\x1b[32m", "").replace("\x1b[0m", "")
    ours = read(Printed(log, 1), "pytest").tests
    pytest.importorskip("swebench")
    from stillwater.grading import official

    assert (ours, True) == official.statuses("pytest", official.marked(log, 1))
    assert ours["tests/test_a.py::test_two[a"] == "PASSED"
    assert ours["tests/test_b.py"] == "ERROR"


def test_an_escape_in_a_message_does_not_hide_a_status() -> None:
    assert read(Printed("FAILED t.py::a - \x1b[1mx\x1b[0m", 1), None).tests == {"t.py::a": "FAILED"}


def test_a_log_record_that_pytest_shows_is_no_test() -> None:
    log = "PASSED t.py::a\nERROR    shop.api:api.py:41 payment refused"
    found = read(Printed(log, 3), None)
    assert found.tests == {"t.py::a": "PASSED"}
    assert found.problem == "no test failed, yet the exit code is 3"


def test_djangos_log_is_read_by_the_official_parser() -> None:
    pytest.importorskip("swebench")
    statuses = read(Printed(DJANGO, 1), "django").tests
    assert statuses["test_a (app.tests.T.test_a)"] == "PASSED"
    assert statuses["test_b (app.tests.T.test_b)"] == "FAILED"


def test_an_unknown_parser_is_one_sentence() -> None:
    pytest.importorskip("swebench")
    with pytest.raises(InputError, match="no log parser 'nonsense'"):
        read(Printed("", 0), "nonsense")


@pytest.mark.parametrize(("code", "status"), [(0, "PASSED"), (1, "FAILED"), (None, "FAILED")])
def test_an_exit_status_can_be_the_test(code: int | None, status: str) -> None:
    assert list(read(Printed("anything", code), "exit").tests.values()) == [status]


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
    assert judge(Reading(tests), ["t"], []).resolved is f2p
    assert judge(Reading(tests), [], ["t"]).resolved is p2p


def test_the_evidence_names_what_failed_and_what_is_missing() -> None:
    verdict = judge(Reading({"a": "PASSED", "b": "FAILED", "z": "PASSED"}), ["a", "b"], ["c"])
    evidence = verdict.evidence()
    assert evidence["tests"] == {"a": "PASSED", "b": "FAILED", "c": "MISSING"}
    assert evidence["fail_to_pass"] == {"passed": ["a"], "failed": ["b"]}
    assert evidence["pass_to_pass"] == {"passed_count": 0, "failed": ["c"]}
    assert verdict.failing == ["b", "c"]


IDS = ("t.py::a", "t.py::b", "t.py::p[1", "t.py::p[1-x]", "t.py::p[1-y]", "t.py::q[z]")
statuses = st.sampled_from(["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS"])


@given(
    st.dictionaries(st.sampled_from(IDS[:2] + IDS[3:]), statuses),
    st.sampled_from([None, 0, 1, 2, 5]),
    st.lists(st.sampled_from(IDS), unique=True),
    st.lists(st.sampled_from(IDS), unique=True),
)
def test_pytests_verdict_is_the_official_one(
    tests: dict[str, str], exit_code: int | None, f2p: list[str], p2p: list[str]
) -> None:
    pytest.importorskip("swebench")
    log = "\n".join(f"{status} {test} - why" for test, status in tests.items())
    ours = judge(read(Printed(log, exit_code), None), f2p, p2p)
    theirs = judge(official_reading(log, exit_code), f2p, p2p)
    assert ours.resolved == theirs.resolved
    assert (ours.problem is None) == (theirs.problem is None)
    if ours.problem is None:
        assert ours == theirs


def official_reading(log: str, exit_code: int | None) -> Reading:
    from stillwater.grading import official

    return read(Printed(official.marked(log, exit_code), exit_code, marked=True), "pytest")


@pytest.mark.parametrize("stopped", ["timeout", "memory", "output"])
def test_tests_that_were_stopped_resolve_nothing(stopped: str) -> None:
    log = "PASSED t.py::a"
    for name in ("pytest", "exit"):
        reading = read(Printed(log, 0, stopped), name)
        verdict = judge(reading, list(reading.tests), [])
        assert not verdict.resolved
        assert stopped in str(verdict.evidence()["problem"])


def test_fail_only_counts_what_is_absent_as_passing_if_the_suite_ran() -> None:
    pytest.importorskip("swebench")
    ran = read(Printed("Executed 3 of 3", 0), "karma", "fail_only")
    assert judge(ran, ["a"], ["b"]).resolved
    never = read(Printed("Executed 0 of 0", 0), "karma", "fail_only")
    assert not judge(never, ["a"], ["b"]).resolved


def test_the_harness_says_when_the_environment_failed() -> None:
    pytest.importorskip("swebench")
    log = "E: Could not resolve host: example.org"
    assert read(Printed(log, 1), "django").environment == "network_unreachable"
    assert read(Printed("ModuleNotFoundError: no x", 1), "django").environment is None


@pytest.mark.parametrize(
    ("parser", "eval_type", "said"),
    [("nonsense", None, "no log parser 'nonsense'"), ("django", "maybe", "no eval_type 'maybe'")],
)
def test_unknown_names_are_refused_before_a_run(
    parser: str, eval_type: str | None, said: str
) -> None:
    pytest.importorskip("swebench")
    with pytest.raises(InputError, match=said):
        check(parser, eval_type)


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("stillwater.grading.official", raising=False)
    monkeypatch.setitem(sys.modules, "stillwater.grading.official", None)
    with pytest.raises(
        InputError, match=r"the log parser 'django'.*pip install -e '\.\[swebench\]"
    ):
        check("django")
