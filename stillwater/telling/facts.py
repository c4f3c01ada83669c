"""The one or two facts of a transition that matter to a reader, in one line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stillwater.grading.verdict import PASSING
from stillwater.machine import Event
from stillwater.telling.text import one_line

Teller = Callable[[Mapping[str, Any]], str]


def facts(event: Event, evidence: Mapping[str, Any]) -> str:
    """What the evidence of a transition says; "" where it says nothing more than the event."""
    told = _TOLD.get(event)
    return one_line(told(evidence) if told else "", 300)


def counts(evidence: Mapping[str, Any]) -> str:
    """`12 passed, 2 failed`, of the tests that are judged."""
    tests = evidence.get("tests")
    if not isinstance(tests, Mapping):
        return ""
    passed = sum(status in PASSING for status in tests.values())
    skipped = sum(status == "SKIPPED" for status in tests.values())
    told = f"{passed} passed, {len(tests) - passed - skipped} failed"
    return f"{told}, {skipped} skipped" if skipped else told


def not_passing(evidence: Mapping[str, Any]) -> list[str]:
    """The tests that had to pass and didn't."""
    return [
        str(test)
        for group in ("fail_to_pass", "pass_to_pass")
        if isinstance(judged := evidence.get(group), Mapping)
        for test in sequence(judged.get("failed"))
    ]


def sequence(value: object) -> Sequence[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list; none where it is no list."""
    return [one for one in sequence(value) if isinstance(one, Mapping)]


def _read(evidence: Mapping[str, Any]) -> str:
    files = [
        f"{file.get('path')}{' (in part)' if file.get('lines') else ''}"
        for file in mappings(evidence.get("files"))
    ]
    baseline = evidence.get("baseline")
    before = counts(baseline) if isinstance(baseline, Mapping) else ""
    return "; ".join(part for part in (", ".join(files), before and f"before: {before}") if part)


def _completion(evidence: Mapping[str, Any]) -> str:
    used = evidence.get("usage")
    usage = used if isinstance(used, Mapping) else {}
    told = str(evidence.get("model", "?"))
    if usage:
        told += f", {usage.get('prompt_tokens')}+{usage.get('completion_tokens')} tokens"
    cached = usage.get("cached_tokens")
    return f"{told} ({cached} cached)" if cached else told


def _proposed(evidence: Mapping[str, Any]) -> str:
    repairs = evidence.get("repairs")
    told = _completion(evidence)
    if isinstance(repairs, Sequence) and not isinstance(repairs, str) and repairs:
        told += f"; repaired: {', '.join(map(str, repairs))}"
    return told


def _unusable(evidence: Mapping[str, Any]) -> str:
    return f"{_completion(evidence)}; {_value('problem')(evidence)}"


def _applied(evidence: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{one.get('path')}:{one.get('first')}-{one.get('last')} ({one.get('how')})"
        for one in mappings(evidence.get("placed"))
    )


def _tested(evidence: Mapping[str, Any]) -> str:
    stopped = evidence.get("stopped")
    return "; ".join(
        part for part in (counts(evidence), f"stopped: {stopped}" if stopped else "") if part
    )


def _deferred(evidence: Mapping[str, Any]) -> str:
    wait = evidence.get("wait_seconds")
    told = _value("reason")(evidence)
    return f"{told}; waits {wait:g} s" if isinstance(wait, int | float) else told


def _value(name: str) -> Teller:
    return lambda evidence: str(evidence.get(name, ""))


_TOLD: Mapping[Event, Teller] = {
    Event.READ: _read,
    Event.INVALID: _value("reason"),
    Event.PROPOSED: _proposed,
    Event.UNUSABLE: _unusable,
    Event.APPLIED: _applied,
    Event.REJECTED: _value("problem"),
    Event.PASSED: _tested,
    Event.FAILED: _tested,
    Event.REFUTED: _tested,
    Event.RETRY: _value("reason"),
    Event.EXHAUSTED: _value("reason"),
    Event.DEFER: _deferred,
    Event.ABORT: _value("reason"),
}
