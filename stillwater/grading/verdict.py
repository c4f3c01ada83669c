"""The verdict: what FAIL_TO_PASS and PASS_TO_PASS mean, as the official harness defines them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwater.canonical import Json
from stillwater.grading.parsers import Reading, load_official

PASSING = frozenset({"PASSED", "XFAIL"})
"""Statuses that count as a pass in swebench.harness.grading (test_passed)."""


@dataclass(frozen=True)
class Verdict:
    """Which tests that must pass did. A test that the log doesn't name did not pass.

    `problem` says why nothing is resolved whatever the log names, or is None.
    """

    tests: Mapping[str, str]
    fail_to_pass: Mapping[str, bool]
    pass_to_pass: Mapping[str, bool]
    problem: str | None = None

    @property
    def resolved(self) -> bool:
        """The tests ran, all FAIL_TO_PASS pass and no PASS_TO_PASS broke."""
        judged = [*self.fail_to_pass.values(), *self.pass_to_pass.values()]
        return self.problem is None and all(judged)

    @property
    def failing(self) -> list[str]:
        """The tests that must pass and don't, FAIL_TO_PASS first."""
        judged = [*self.fail_to_pass.items(), *self.pass_to_pass.items()]
        return [test for test, passed in judged if not passed]

    def evidence(self) -> dict[str, Json]:
        """The facts of the verdict, as the evidence of a transition has them."""
        judged = (*self.fail_to_pass, *self.pass_to_pass)
        f2p, p2p = self.fail_to_pass, self.pass_to_pass
        return {
            "tests": {test: status(test, self.tests) or "MISSING" for test in judged},
            "fail_to_pass": {
                "passed": [t for t, ok in f2p.items() if ok],
                "failed": [t for t, ok in f2p.items() if not ok],
            },
            "pass_to_pass": {
                "passed_count": sum(p2p.values()),
                "failed": [t for t, ok in p2p.items() if not ok],
            },
            **({"problem": self.problem} if self.problem else {}),
        }


def judge(reading: Reading, fail_to_pass: Sequence[str], pass_to_pass: Sequence[str]) -> Verdict:
    """Compare the statuses of a log with what must pass."""
    tests = reading.tests
    if reading.eval_type is None:
        f2p = {test for test in fail_to_pass if status(test, tests) in PASSING}
        # The official harness counts a skipped PASS_TO_PASS as unbroken.
        p2p = {test for test in pass_to_pass if status(test, tests) in PASSING | {"SKIPPED"}}
    else:
        official = load_official("the official verdict")
        f2p, p2p = official.passed(tests, fail_to_pass, pass_to_pass, reading.eval_type)
    return Verdict(
        tests=tests,
        fail_to_pass={test: test in f2p for test in fail_to_pass},
        pass_to_pass={test: test in p2p for test in pass_to_pass},
        problem=reading.problem,
    )


def status(test: str, tests: Mapping[str, str]) -> str | None:
    """The status of a test, whose id the dataset may have cut off in the middle of a parameter.

    As in swebench.harness.grading (_resolve_case): such an id stands for those that it begins, if
    they agree on whether they pass.
    """
    if test in tests or test.count("[") <= test.count("]"):
        return tests.get(test)
    meant = [found for name, found in tests.items() if name.startswith(test)]
    agreed = len({found in PASSING for found in meant}) == 1
    return meant[0] if agreed else None
