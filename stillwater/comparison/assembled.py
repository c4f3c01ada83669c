"""A comparison, from what the machines of each arm came to: nothing is read here.

Only instances that all arms have ended with count, so that every arm is told of on the same ones.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from stillwater.comparison.model import (
    ArmFigures,
    ArmRecord,
    Comparison,
    Difference,
    Group,
    MachineFigures,
    Pair,
)
from stillwater.comparison.statistics import mcnemar, wilson


def assembled(records: Sequence[ArmRecord], left_out: Collection[str]) -> Comparison:
    """The arms held against each other; `left_out` are the instances that don't count yet."""
    repaired = {
        record.arm: frozenset(one.instance_id for one in record.machines if one.passed_at)
        for record in records
    }
    arms = tuple(
        _figures(record, repaired[record.arm].difference(*_others(repaired, record.arm)))
        for record in records
    )
    counted = [one for record in records for one in record.machines]
    names = [record.arm for record in records]
    return Comparison(
        arms=arms,
        pairs=tuple(_pair(first, second) for first, second in combinations(arms, 2)),
        repositories=_groups(counted, names, "repo"),
        kinds=_groups(counted, names, "kind"),
        instances=len({one.instance_id for one in counted}),
        left_out=tuple(sorted(left_out)),
    )


def _others(repaired: Mapping[str, frozenset[str]], arm: str) -> list[frozenset[str]]:
    return [instances for other, instances in repaired.items() if other != arm]


def _figures(record: ArmRecord, only: frozenset[str]) -> ArmFigures:
    own = record.machines
    success = tuple(
        sum(one.passed_at is not None and one.passed_at <= k for one in own)
        for k in range(1, record.attempts + 1)
    )
    return ArmFigures(
        arm=record.arm,
        models=record.models,
        feedback=record.feedback,
        attempts=record.attempts,
        settings=record.settings,
        total=len(own),
        verified=success[-1],
        interval=wilson(success[-1], len(own)),
        success=success,
        calls=sum(one.calls for one in own),
        applied=sum(one.applied for one in own),
        prompt_tokens=sum(one.prompt_tokens for one in own),
        completion_tokens=sum(one.completion_tokens for one in own),
        cached_tokens=sum(told) if (told := _cached(own)) else None,
        model_seconds=round(sum(one.model_seconds for one in own), 3),
        seconds=round(sum(one.seconds for one in own), 3),
        cost=record.cost,
        ends=dict(Counter(record.ends).most_common()),
        only=tuple(sorted(only)),
        machines=own,
    )


def _cached(machines: Sequence[MachineFigures]) -> list[int]:
    return [one.cached_tokens for one in machines if one.cached_tokens is not None]


def _pair(first: ArmFigures, second: ArmFigures) -> Pair:
    calls = min(first.attempts, second.attempts)
    return Pair(
        first.arm,
        second.arm,
        _difference(first, second, None),
        calls,
        _difference(first, second, calls),
    )


def _difference(first: ArmFigures, second: ArmFigures, calls: int | None) -> Difference:
    ours, theirs = _repaired(first, calls), _repaired(second, calls)
    only_first, only_second = sorted(ours - theirs), sorted(theirs - ours)
    return Difference(
        tuple(only_first),
        tuple(only_second),
        both=len(ours & theirs),
        neither=first.total - len(ours | theirs),
        p=mcnemar(len(only_first), len(only_second)),
    )


def _repaired(arm: ArmFigures, calls: int | None) -> frozenset[str]:
    most = arm.attempts if calls is None else calls
    return frozenset(one.instance_id for one in arm.machines if 0 < (one.passed_at or 0) <= most)


def _groups(counted: Sequence[MachineFigures], arms: Sequence[str], by: str) -> tuple[Group, ...]:
    names = dict.fromkeys(sorted(getattr(one, by) for one in counted))
    return tuple(
        Group(
            name,
            len({one.instance_id for one in counted if getattr(one, by) == name}),
            {
                arm: sum(
                    one.passed_at is not None and one.arm == arm and getattr(one, by) == name
                    for one in counted
                )
                for arm in arms
            },
        )
        for name in names
    )
