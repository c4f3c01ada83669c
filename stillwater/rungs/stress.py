"""Rung 274177, stress: an arm held against the baseline, and its verdicts against chance.

Of a sample of at least 30 instances, or of all, the improvement over the baseline arm of the same
run and its interval; then every verified patch of both arms is tested five times more.
"""

import random
from collections.abc import Sequence, Set

from stillwater.canonical import Json
from stillwater.comparison.statistics import mcnemar, newcombe
from stillwater.comparison.words import probability
from stillwater.errors import InputError
from stillwater.machine import CANCELLED, FINAL, State
from stillwater.rungs.flaky import flaky
from stillwater.rungs.model import Asked, Finding, Result
from stillwater.rungs.patches import arms_of, one_arm, verified
from stillwater.store import MachineRow

RUNG = 274177
BASELINE = "patch"
LEAST = 30


def stress(asked: Asked, arm: str | None, baseline: str, sample: int, seed: int) -> Result:
    """Hold `arm` against `baseline` on a sample of that many instances, chosen by `seed`.

    Without `arm`, the only one beside the baseline is meant.

    Raises:
        InputError: the run hasn't got two such arms.
        WorldError: the world failed: nothing is decided.
    """
    arm = _arm(asked, arm, baseline)
    rows = [row for row in asked.store.machines(asked.run.id) if row.arm in {arm, baseline}]
    every = list(dict.fromkeys(row.instance_id for row in rows))
    chosen = frozenset(_sample(every, sample, seed))
    rows = [row for row in rows if row.instance_id in chosen]
    facts: dict[str, Json] = {
        "arm": arm,
        "baseline": baseline,
        "seed": seed,
        "instances": [one for one in every if one in chosen],
        "of": len(every),
    }
    cancelled = {row.id for row in rows if _is_cancelled(asked, row)}
    findings = [
        _sampled(asked, rows, cancelled, len(chosen), len(every)),
        _improvement(rows, cancelled, arm, baseline),
        flaky(asked, verified(asked, rows), seed),
    ]
    return Result(RUNG, asked.run.id, findings, facts)


def _arm(asked: Asked, arm: str | None, baseline: str) -> str:
    arms = arms_of(asked)
    if len(arms) == 1:
        raise InputError(
            f"run {asked.run.id} has one arm, {arms[0]}, and no baseline beside it: make a run "
            f"that has, stillwater compare DATASET --arm {BASELINE} --arm NAME, and verify that"
        )
    if baseline not in arms:
        listed = ", ".join(arms)
        raise InputError(
            f"run {asked.run.id} has no arm {baseline}; choose one of {listed} with --baseline"
        )
    others = [one for one in arms if one != baseline]
    if arm is None and len(others) > 1:
        raise InputError(f"run {asked.run.id} has the arms {', '.join(others)}: choose with --arm")
    if arm == baseline:
        raise InputError(f"--arm {arm}: that is the baseline; name another arm")
    return one_arm(asked, arm or others[0])


def _sample(every: Sequence[str], sample: int, seed: int) -> Sequence[str]:
    if len(every) <= sample:
        return every
    return random.Random(seed).sample(sorted(every), sample)


def _is_cancelled(asked: Asked, row: MachineRow) -> bool:
    if row.state is not State.FAILED:
        return False
    return asked.store.history(row.id)[-1].evidence.get("reason") == CANCELLED


def _sampled(
    asked: Asked, rows: Sequence[MachineRow], cancelled: Set[int], chosen: int, of: int
) -> Finding:
    going = sum(row.state not in FINAL for row in rows)
    which = f"all {of} instances" if chosen == of else f"{chosen} of {of} instances"
    if cancelled:
        told = f"{which}: {len(cancelled)} machines were cancelled before their end"
        return Finding("sample", False, told)
    if going:
        told = f"{which}: {going} machines have not ended: stillwater resume {asked.run.id}"
        return Finding("sample", False, told)
    return Finding("sample", True, f"{which}, all ended")


def _improvement(
    rows: Sequence[MachineRow], cancelled: Set[int], arm: str, baseline: str
) -> Finding:
    """The difference of the two arms' shares. It fails only where the arm is the worse of them."""
    ours, theirs = ({row.instance_id for row in rows if row.arm == one} for one in (arm, baseline))
    going = {row.instance_id for row in rows if row.state not in FINAL or row.id in cancelled}
    counted = (ours & theirs) - going
    repaired = [
        {
            row.instance_id
            for row in rows
            if row.arm == one and row.state is State.VERIFIED and row.instance_id in counted
        }
        for one in (arm, baseline)
    ]
    first, second = repaired
    total, both = len(counted), len(first & second)
    alone, lost = len(first - second), len(second - first)
    interval = newcombe(both, alone, lost, total - both - alone - lost)
    if interval is None:
        return Finding("improvement", False, "no instance has ended in both arms")
    difference, p = (alone - lost) / total, mcnemar(alone, lost)
    low, high = interval
    told = (
        f"{arm} verified {len(first)} and {baseline} {len(second)} of {total}: "
        f"{100 * difference:+.0f} points, 95 % from {100 * low:+.0f} to {100 * high:+.0f} "
        f"(Newcombe 1998, method 10); exact McNemar p {probability(p)}"
    )
    facts: dict[str, Json] = {
        "both": both,
        "only_arm": alone,
        "only_baseline": lost,
        "neither": total - both - alone - lost,
        "difference": round(difference, 6),
        "interval": [round(low, 6), round(high, 6)],
        "p": round(p, 6),
    }
    return Finding("improvement", difference >= 0, told, facts)
