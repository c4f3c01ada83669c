"""The verdict: what FAIL_TO_PASS and PASS_TO_PASS mean, as the official harness defines them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwater.canonical import Json

PASSING = frozenset({"PASSED", "XFAIL"})
"""Statuses that count as a pass in swebench.harness.grading (test_passed)."""


@dataclass(frozen=True)
class Verdict:
    """Which tests that must pass did. A test that the log doesn't name did not pass."""

    tests: Mapping[str, str]
    fail_to_pass: Mapping[str, bool]
    pass_to_pass: Mapping[str, bool]

    @property
    def resolved(self) -> bool:
        """All FAIL_TO_PASS pass and no PASS_TO_PASS broke."""
        return all(self.fail_to_pass.values()) and all(self.pass_to_pass.values())

    @property
    def failing(self) -> list[str]:
        """The tests that must pass and don't, FAIL_TO_PASS first."""
        judged = [*self.fail_to_pass.items(), *self.pass_to_pass.items()]
        return [test for test, passed in judged if not passed]

    def evidence(self) -> dict[str, Json]:
        """The facts of the verdict, as the evidence of a transition has them."""
        kept = {t: self.tests.get(t, "MISSING") for t in (*self.fail_to_pass, *self.pass_to_pass)}
        f2p, p2p = self.fail_to_pass, self.pass_to_pass
        return {
            "tests": kept,
            "fail_to_pass": {
                "passed": [t for t, ok in f2p.items() if ok],
                "failed": [t for t, ok in f2p.items() if not ok],
            },
            "pass_to_pass": {
                "passed_count": sum(p2p.values()),
                "failed": [t for t, ok in p2p.items() if not ok],
            },
        }


def judge(
    tests: Mapping[str, str], fail_to_pass: Sequence[str], pass_to_pass: Sequence[str]
) -> Verdict:
    """Compare the statuses of a log with what must pass."""
    return Verdict(
        tests=tests,
        fail_to_pass={test: tests.get(test) in PASSING for test in fail_to_pass},
        pass_to_pass={test: _unbroken(tests.get(test)) for test in pass_to_pass},
    )


def _unbroken(status: str | None) -> bool:
    # The official harness counts a skipped PASS_TO_PASS neither way.
    return status in PASSING or status == "SKIPPED"
