"""REFINE: say what went wrong in few words, and decide whether and by whom to try again."""

from collections.abc import Mapping

from stillwater.canonical import Json
from stillwater.feedback import distil
from stillwater.machine import Event
from stillwater.snapshot import Artifact, Outcome, Past, Snapshot
from stillwater.steps import evaluation
from stillwater.steps.generate import attempts_by
from stillwater.steps.tools import Tools


def refine(snapshot: Snapshot, tools: Tools) -> Outcome:
    """Outcome `retry` with the feedback and the next model, or `exhausted`."""
    last = next(
        past
        for past in reversed(snapshot.past)
        if past.event in {Event.UNUSABLE, Event.REJECTED, Event.FAILED}
    )
    reason, feedback = _told(snapshot, last)
    left = snapshot.config.attempts - snapshot.attempt
    model = _next_model(snapshot)
    evidence: dict[str, Json] = {"reason": reason, "model": model, "attempts_left": left}
    artifacts = {"feedback": Artifact("feedback", feedback.encode())}
    if left <= 0:
        return Outcome(Event.EXHAUSTED, evidence, artifacts)
    return Outcome(Event.RETRY, evidence, artifacts, model=model)


def _next_model(snapshot: Snapshot) -> str:
    """The model of the next attempt: the same until it has had its share, then the next one."""
    models, most = snapshot.config.models, snapshot.config.model_attempts
    if most is None or attempts_by(snapshot) < most or snapshot.model not in models:
        return snapshot.model
    later = models[models.index(snapshot.model) + 1 :]
    return later[0] if later else snapshot.model


def _told(snapshot: Snapshot, last: Past) -> tuple[str, str]:
    if last.event is Event.UNUSABLE:
        said = last.evidence.get("said")
        told = (
            f"{last.evidence['problem']} It said: {said}" if said else str(last.evidence["problem"])
        )
        return "the answer held no usable edit", told
    if last.event is Event.REJECTED:
        return "the edit did not apply", str(last.evidence["problem"])
    stopped = last.evidence.get("stopped")
    log = evaluation.printed_by_tests(snapshot.text(last, "log"))
    facts = distil(log, _failing(last), only_these=snapshot.config.feedback == "visible")
    problem = last.evidence.get("problem")
    if problem and not _failing(last):
        return "the tests did not count", f"All tests that must pass do, but {problem}."
    if stopped:
        return f"the tests were stopped ({stopped})", f"The tests were stopped: {stopped}.\n{facts}"
    return "tests still fail", facts


def _failing(last: Past) -> list[str]:
    failing: list[str] = []
    for group in ("fail_to_pass", "pass_to_pass"):
        judged = last.evidence.get(group)
        listed = judged.get("failed") if isinstance(judged, Mapping) else None
        if isinstance(listed, list):
            failing += [str(test) for test in listed]
    return failing
