"""TEST: the patch in a fresh sandbox, and the verdict."""

from collections.abc import Mapping

from stillwater.canonical import Json
from stillwater.grading import Verdict, judge
from stillwater.grading.verdict import PASSING
from stillwater.machine import Event
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps.tools import TestRun, Tools, run_tests


def test(snapshot: Snapshot, tools: Tools) -> Outcome:
    """Outcome `passed`, `failed`, or with feedback = "visible" `refuted`."""
    applied = snapshot.last(Event.APPLIED, snapshot.attempt)
    if applied is None:
        raise ValueError(f"machine {snapshot.machine_id} is in TEST without a patch")
    patch = snapshot.text(applied, "patch")
    if snapshot.config.feedback == "visible":
        failed = _visible(snapshot, tools, patch)
        if failed is not None:
            return failed
    ran = run_tests(snapshot, tools, patch)
    instance = snapshot.instance
    verdict = judge(ran.reading, instance.FAIL_TO_PASS, instance.PASS_TO_PASS)
    event = Event.PASSED if verdict.resolved else _unresolved(snapshot)
    return _outcome(event, verdict, ran)


test.__test__ = False  # type: ignore[attr-defined]


def _unresolved(snapshot: Snapshot) -> Event:
    return Event.FAILED if snapshot.config.feedback == "tests" else Event.REFUTED


def _visible(snapshot: Snapshot, tools: Tools, patch: str) -> Outcome | None:
    """`failed` if a test that existed before, and passed, no longer does; else None."""
    read = snapshot.last(Event.READ)
    before = read.evidence.get("visible", {}) if read else {}
    assert isinstance(before, Mapping)
    hidden = set(snapshot.instance.FAIL_TO_PASS)
    # Sorted: the evidence that a resumed run reads has another order than what READ found.
    must = sorted(t for t, status in before.items() if status in PASSING and t not in hidden)
    ran = run_tests(snapshot, tools, patch, hidden=False)
    verdict = judge(ran.reading, (), must)
    went_on = not verdict.failing and ran.execution.stopped is None
    return None if went_on else _outcome(Event.FAILED, verdict, ran)


def _outcome(event: Event, verdict: Verdict, ran: TestRun) -> Outcome:
    execution = ran.execution
    evidence: dict[str, Json] = {
        **verdict.evidence(),
        "seconds": round(execution.seconds, 3),
        "exit_code": execution.exit_code,
        "stopped": execution.stopped,
        "truncated": execution.truncated,
        "image": execution.image,
    }
    return Outcome(event, evidence, {"log": Artifact("log", ran.log)})
