"""Verdicts follow from logs: each log is read and judged again."""

from collections.abc import Mapping, Sequence

from stillwater.audit.past import Case
from stillwater.grading import Printed, Reading, Verdict, judge, read
from stillwater.grading.parsers import EXIT_STATUS
from stillwater.grading.verdict import PASSING
from stillwater.machine import Event

JUDGED = ("tests", "fail_to_pass", "pass_to_pass", "problem")


def check(case: Case) -> str | None:
    """Judge the log again; why that can't be done, or None. Raises Broken."""
    return _baseline(case) if case.now.event is Event.READ else _candidate(case)


def _candidate(case: Case) -> str | None:
    exit_code, stopped = case.facts.get("exit_code"), case.facts.get("stopped")
    reading = _reading(
        case,
        exit_code if isinstance(exit_code, int) else None,
        stopped if isinstance(stopped, str) else None,
    )
    instance, event = case.given.instance, case.now.event
    if event is Event.FAILED and case.given.config.feedback == "visible":
        verdict = judge(reading, (), _visible(case))
        _require_same(case, verdict, JUDGED)
        if not verdict.failing and stopped is None:
            raise case.broken("it says failed, but no test that the model may see broke")
        return None
    verdict = judge(reading, instance.FAIL_TO_PASS, instance.PASS_TO_PASS)
    unresolved = Event.FAILED if case.given.config.feedback == "tests" else Event.REFUTED
    found = Event.PASSED if verdict.resolved else unresolved
    if found is not event:
        raise case.broken(f"it says {event.value}, but its log says {found.value}")
    _require_same(case, verdict, JUDGED)
    return None


def _visible(case: Case) -> Sequence[str]:
    """The tests that passed before any change and are not hidden."""
    chosen = case.given.last(Event.READ)
    before = chosen.evidence.get("visible") if chosen else None
    hidden = set(case.given.instance.FAIL_TO_PASS)
    told = before if isinstance(before, Mapping) else {}
    return sorted(test for test, status in told.items() if status in PASSING and test not in hidden)


def _baseline(case: Case) -> str | None:
    """The tests before any change. Their exit code is not in the evidence; few logs need it."""
    instance = case.given.instance
    # Whether hidden tests were shown is no part of the chain but here.
    if case.facts.get("feedback") != case.given.config.feedback:
        raise case.broken(f"its feedback is not that of its run, {case.given.config.feedback}")
    if instance.log_parser == EXIT_STATUS:
        return "the baseline's exit code is not in the evidence"
    verdict = judge(_reading(case, None, None), instance.FAIL_TO_PASS, instance.PASS_TO_PASS)
    told = case.facts.get("baseline")
    if not isinstance(told, dict):
        raise case.broken("it tells of no baseline")
    _require_same(case, verdict, JUDGED[:3], told)
    if "visible" in case.facts:
        seen = read(
            Printed(case.text("visible_log"), marked=instance.runs_in_image),
            instance.log_parser,
            instance.eval_type,
        )
        if case.facts["visible"] != dict(seen.tests):
            raise case.broken("the tests that it calls visible don't follow from their log")
    return None


def _reading(case: Case, exit_code: int | None, stopped: str | None) -> Reading:
    instance = case.given.instance
    printed = Printed(case.text("log"), exit_code, stopped, marked=instance.runs_in_image)
    return read(printed, instance.log_parser, instance.eval_type)


def _require_same(
    case: Case, verdict: Verdict, names: Sequence[str], told: Mapping[str, object] | None = None
) -> None:
    found, told = verdict.evidence(), case.facts if told is None else told
    for name in names:
        if told.get(name) != found.get(name):
            raise case.broken(
                f"its {name} don't follow from its log".replace("problem don't", "problem doesn't")
            )
