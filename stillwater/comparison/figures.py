"""The numbers of a comparison, read from the database.

Only instances that all arms have ended with count, so that every arm is told of on the same ones.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Row

from stillwater.comparison.kinds import kind
from stillwater.comparison.model import (
    ArmFigures,
    Comparison,
    Difference,
    Group,
    MachineFigures,
    Pair,
)
from stillwater.comparison.statistics import mcnemar, wilson
from stillwater.config import Config, frozen, own_settings
from stillwater.machine import FINAL, State
from stillwater.models.price import price
from stillwater.store import RunRow, Store
from stillwater.store.portable import Portable

MACHINES = Portable("""
SELECT m.id, m.instance_id, m.arm, m.state, fact(i.content, repo) AS repo,
  fact(i.content, patch) AS patch,
  max(t.attempt) FILTER (WHERE t.event = 'passed') AS passed_at,
  count(*) FILTER (WHERE t.event IN ('proposed', 'unusable')) AS calls,
  count(*) FILTER (WHERE t.event = 'applied') AS applied,
  coalesce(sum(number(t.evidence, usage.prompt_tokens)), 0) AS prompt_tokens,
  coalesce(sum(number(t.evidence, usage.completion_tokens)), 0) AS completion_tokens,
  coalesce(sum(number(t.evidence, usage.cached_tokens)), 0) AS cached_tokens,
  coalesce(sum(number(t.evidence, seconds)) FILTER (WHERE t.source = 'GENERATE'), 0)
    AS model_seconds,
  coalesce(sum(seconds(t.started_at, t.finished_at)) FILTER (WHERE t.event <> 'defer'), 0)
    AS seconds,
  max(fact(t.evidence, model)) FILTER (WHERE t.event IN ('proposed', 'unusable')) AS model
FROM machines AS m JOIN runs AS r ON r.id = m.run_id
LEFT JOIN instances AS i
  ON i.dataset_sha256 = r.dataset_sha256 AND i.instance_id = m.instance_id
LEFT JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id GROUP BY m.id, i.id ORDER BY m.id
""")
ENDS = Portable("""
SELECT m.instance_id, m.arm, t.target AS state,
  CASE t.event WHEN 'passed' THEN 'verified'
    ELSE coalesce(fact(t.evidence, reason), t.event) END AS reason
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id
  AND t.event IN ('retry', 'exhausted', 'passed', 'refuted', 'invalid', 'abort')
ORDER BY t.id
""")
MODELS = Portable("""
SELECT m.instance_id, m.arm, fact(t.evidence, model) AS model,
  sum(number(t.evidence, usage.prompt_tokens)) AS prompt_tokens,
  sum(number(t.evidence, usage.completion_tokens)) AS completion_tokens
FROM machines AS m JOIN transitions AS t ON t.machine_id = m.id
WHERE m.run_id = :run_id AND t.event IN ('proposed', 'unusable')
GROUP BY m.id, fact(t.evidence, model)
""")


def compare(store: Store, run: RunRow) -> Comparison:
    """The comparison of the run's arms, in the order that they were named in."""
    with store.reading() as connection:
        asked = {"run_id": run.id}
        machines = [_machine(row) for row in connection.execute(MACHINES.on(connection), asked)]
        ends = connection.execute(ENDS.on(connection), asked).all()
        used = connection.execute(MODELS.on(connection), asked).all()
    left_out = {one.instance_id for one in machines if one.state not in FINAL}
    counted = [one for one in machines if one.instance_id not in left_out]
    names = list(dict.fromkeys(one.arm for one in machines))
    by_arm = {name: [one for one in counted if one.arm == name] for name in names}
    repaired = {
        name: frozenset(one.instance_id for one in own if one.passed_at)
        for name, own in by_arm.items()
    }
    arms = tuple(
        _arm(
            name,
            frozen(run.config, name),
            own_settings(run.config, name),
            by_arm[name],
            Counter(_of(ends, name, left_out, "reason")),
            [row for row in used if row.arm == name and row.instance_id not in left_out],
            repaired[name] - frozenset().union(*(repaired[o] for o in names if o != name)),
        )
        for name in names
    )
    return Comparison(
        arms=arms,
        pairs=tuple(_pair(first, second) for first, second in combinations(arms, 2)),
        repositories=_groups(counted, names, "repo"),
        kinds=_groups(counted, names, "kind"),
        instances=len({one.instance_id for one in counted}),
        left_out=tuple(sorted(left_out)),
    )


def _machine(row: Row[Any]) -> MachineFigures:
    return MachineFigures(
        instance_id=row.instance_id,
        arm=row.arm,
        state=State(row.state),
        repo=row.repo or "–",
        kind=kind(row.patch),
        passed_at=row.passed_at,
        calls=row.calls,
        applied=row.applied,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cached_tokens=row.cached_tokens,
        model_seconds=row.model_seconds,
        seconds=round(row.seconds, 3),
    )


def _of(rows: Iterable[Row[Any]], arm: str, left_out: set[str], name: str) -> list[Any]:
    return [
        getattr(row, name) for row in rows if row.arm == arm and row.instance_id not in left_out
    ]


def _arm(
    name: str,
    config: Config,
    settings: Mapping[str, Any],
    own: Sequence[MachineFigures],
    ends: Counter[str],
    used: Sequence[Row[Any]],
    only: frozenset[str],
) -> ArmFigures:
    success = tuple(
        sum(one.passed_at is not None and one.passed_at <= k for one in own)
        for k in range(1, config.attempts + 1)
    )
    return ArmFigures(
        arm=name,
        models=tuple(dict.fromkeys(row.model for row in used)) or config.models,
        feedback=config.feedback,
        attempts=config.attempts,
        settings=settings,
        total=len(own),
        verified=success[-1],
        interval=wilson(success[-1], len(own)),
        success=success,
        calls=sum(one.calls for one in own),
        applied=sum(one.applied for one in own),
        prompt_tokens=sum(one.prompt_tokens for one in own),
        completion_tokens=sum(one.completion_tokens for one in own),
        cached_tokens=sum(one.cached_tokens for one in own),
        model_seconds=round(sum(one.model_seconds for one in own), 3),
        seconds=round(sum(one.seconds for one in own), 3),
        cost=_cost(used),
        ends=dict(ends.most_common()),
        only=tuple(sorted(only)),
        machines=tuple(own),
    )


def _cost(used: Sequence[Row[Any]]) -> float | None:
    costs = [price(row.model, row.prompt_tokens or 0, row.completion_tokens or 0) for row in used]
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 6) if len(known) == len(costs) else None


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
