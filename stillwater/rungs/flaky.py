"""Running verified patches again and again, in random test order, to find verdicts that change."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwater.canonical import Json
from stillwater.git import RepositoryError
from stillwater.grading import judge
from stillwater.rungs import patches
from stillwater.rungs.model import Asked, Finding
from stillwater.rungs.orders import in_order_of, was_random
from stillwater.rungs.patches import Verified
from stillwater.rungs.slots import in_slots
from stillwater.sandbox.protocol import SetupError
from stillwater.steps import Tools
from stillwater.steps.tools import run_tests

TIMES = 5
WHAT = "verdicts"
_MOST_NAMED = 3


@dataclass(frozen=True)
class _Again:
    """One run of a patch's tests: why it isn't verified, None if it is; whether it was shuffled."""

    why: str | None
    shuffled: bool


@dataclass(frozen=True)
class _Case:
    """A patch and its runs; the machines that have the same patch of the same instance share."""

    machines: Sequence[Verified]
    runs: Sequence[_Again]

    @property
    def passed(self) -> int:
        return sum(one.why is None for one in self.runs)

    @property
    def shuffled(self) -> bool:
        return all(one.shuffled for one in self.runs)

    def told(self) -> str:
        why = next(one.why for one in self.runs if one.why is not None)
        who = " and ".join(map(str, self.machines))
        return f"{who} is verified {self.passed} times of {len(self.runs)}: {why}"

    def facts(self) -> Json:
        first = self.machines[0]
        return {
            "instance_id": first.row.instance_id,
            "arms": [one.row.arm for one in self.machines],
            "patch_sha256": first.sha256,
            "runs": len(self.runs),
            "verified": self.passed,
            "order": "random" if self.shuffled else "the same",
            "failures": [one.why for one in self.runs if one.why is not None],
        }


def flaky(asked: Asked, found: Sequence[Verified], seed: int) -> Finding:
    """Run each patch five times in fresh sandboxes: does every run verify it?

    Raises:
        WorldError: the sandbox or the disk failed: nothing is decided.
    """
    if not found:
        return Finding(WHAT, None, "no patch is verified: there is nothing to run again")
    same: dict[tuple[str, str], list[Verified]] = {}
    for one in found:
        same.setdefault((one.row.instance_id, one.sha256), []).append(one)
    cases = _cases(asked, list(same.values()), seed)
    changing = [case for case in cases if case.passed < TIMES]
    order = _order(cases)
    facts: dict[str, Json] = {"patches": [case.facts() for case in cases]}
    if not changing:
        told = f"each of {len(cases)} verified patches is verified {TIMES} times, {order}"
        return Finding(WHAT, True, told, facts)
    listed = "; ".join(case.told() for case in changing)
    told = f"{len(changing)} of {len(cases)} verified patches do not hold, {order}: {listed}"
    return Finding(WHAT, False, told, facts)


def _order(cases: Sequence[_Case]) -> str:
    fixed = sum(not case.shuffled for case in cases)
    if not fixed:
        return "in random test order"
    if fixed == len(cases):
        return "in the same test order each time, for it is not pytest that runs them"
    return f"in random test order, but for {fixed} that pytest does not run"


def _cases(asked: Asked, groups: Sequence[Sequence[Verified]], seed: int) -> list[_Case]:
    with patches.tools(asked, [group[0] for group in groups]) as tools:

        def case(number: int) -> _Case:
            group = groups[number]
            asked.say(f"Testing {group[0]} again, {TIMES} times ({number + 1} of {len(groups)}) …")
            runs = [_again(group[0], tools, f"{seed}.{nth}") for nth in range(1, TIMES + 1)]
            return _Case(group, runs)

        return in_slots(asked, case, len(groups), tools.sandbox.cancel)


def _again(one: Verified, tools: Tools, order: str) -> _Again:
    instance = one.instance
    try:
        ran = run_tests(one.snapshot(), tools, one.patch, change=in_order_of(order))
    except (RepositoryError, SetupError) as error:
        return _Again(str(error), shuffled=False)
    verdict = judge(ran.reading, instance.FAIL_TO_PASS, instance.PASS_TO_PASS)
    shuffled = was_random(ran.log)
    if verdict.resolved:
        return _Again(None, shuffled)
    named = ", ".join(verdict.failing[:_MOST_NAMED])
    more = " and more" if len(verdict.failing) > _MOST_NAMED else ""
    return _Again(f"{named}{more} failed" if named else verdict.problem, shuffled)
