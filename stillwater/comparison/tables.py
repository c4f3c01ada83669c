"""A comparison as tables of text, the same in a terminal, in Markdown and on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stillwater.comparison.model import ArmFigures, Comparison, Difference, Group, Pair
from stillwater.comparison.words import cost, count, interval, probability, share
from stillwater.rounding import duration

ARMS = (
    "arm", "verified", "of", "share", "95 %", "calls", "applied", "prompt tokens", "cached",
    "completion", "time", "cost",
)  # fmt: skip
PAIRS = ("first", "second", "calls each", "only first", "only second", "both", "neither", "p")
KINDS = "By the size of the known fix"


@dataclass(frozen=True)
class Sheet:
    """One table; its first `words` columns hold words, the others numbers."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


def tables(told: Comparison) -> Iterator[Sheet]:
    """All tables that have something to tell."""
    for sheet in (
        _arms(told),
        _pairs(told.pairs),
        _success(told.arms),
        _alone(told.arms),
        _ends(told.arms),
        _groups("By repository", told.repositories, told.arms),
        _groups(KINDS, told.kinds, told.arms),
    ):
        if sheet.rows:
            yield sheet


def _arms(told: Comparison) -> Sheet:
    rows = [
        (
            one.arm,
            str(one.verified),
            str(one.total),
            share(one.rate),
            interval(one.interval),
            count(one.calls),
            share(one.applied / one.calls if one.calls else None),
            count(one.prompt_tokens),
            share(_cached_share(one)),
            count(one.completion_tokens),
            duration(one.seconds),
            cost(one.cost),
        )
        for one in told.arms
    ]
    return Sheet(f"Arms, on the same {told.instances} instances", ARMS, rows)


def _cached_share(arm: ArmFigures) -> float | None:
    """Of the prompt tokens of machines whose servers tell what they had in their caches."""
    prompt = sum(one.prompt_tokens for one in arm.machines if one.cached_tokens is not None)
    return arm.cached_tokens / prompt if arm.cached_tokens is not None and prompt else None


def _pairs(pairs: Sequence[Pair]) -> Sheet:
    rows: list[Sequence[str]] = []
    for pair in pairs:
        rows.append(_pair(pair, "all", pair.whole))
        if pair.alike != pair.whole:
            rows.append(_pair(pair, str(pair.calls), pair.alike))
    return Sheet("Pairs of arms (p: exact McNemar test, two-sided)", PAIRS, rows, words=2)


def _pair(pair: Pair, calls: str, found: Difference) -> Sequence[str]:
    counts = (len(found.only_first), len(found.only_second), found.both, found.neither)
    return (pair.first, pair.second, calls, *map(str, counts), probability(found.p))


def _success(arms: Sequence[ArmFigures]) -> Sheet:
    most = max((one.attempts for one in arms), default=0)
    rows = [(one.arm, *map(str, one.success), *([""] * (most - one.attempts))) for one in arms]
    return Sheet("Verified at k calls", ("arm", *map(str, range(1, most + 1))), rows)


def _alone(arms: Sequence[ArmFigures]) -> Sheet:
    rows = [(one.arm, ", ".join(one.only)) for one in arms if one.only]
    return Sheet("Repaired by one arm alone", ("arm", "instances"), rows, words=2)


def _ends(arms: Sequence[ArmFigures]) -> Sheet:
    reasons = dict.fromkeys(reason for one in arms for reason in one.ends)
    rows = [(reason, *(str(one.ends.get(reason, 0)) for one in arms)) for reason in reasons]
    return Sheet("How attempts ended", ("reason", *(one.arm for one in arms)), rows)


def _groups(heading: str, groups: Sequence[Group], arms: Sequence[ArmFigures]) -> Sheet:
    rows = [
        (group.name, str(group.total), *(str(group.verified[one.arm]) for one in arms))
        for group in groups
    ]
    return Sheet(heading, ("verified of", "instances", *(one.arm for one in arms)), rows)
