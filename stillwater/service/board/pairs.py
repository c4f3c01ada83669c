"""Two runs side by side: the machines of the same instance, and which run alone verified it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwater.machine import FINAL, State
from stillwater.store.queries import OutcomeRow
from stillwater.telling.results import arms_of

KINDS = {
    "left": "only the left verified",
    "right": "only the right verified",
    "open": "not ended in both",
    "both": "both verified",
    "neither": "neither verified",
    "alone": "in one run only",
}


@dataclass(frozen=True)
class Pair:
    """What the two runs made of one instance, under one arm where they have several."""

    instance_id: str
    arm: str
    left: OutcomeRow | None
    right: OutcomeRow | None

    @property
    def kind(self) -> str:
        """One of KINDS."""
        left, right = self.left, self.right
        if left is None or right is None:
            return "alone"
        verified = (left.state is State.VERIFIED, right.state is State.VERIFIED)
        if left.state not in FINAL or right.state not in FINAL:
            return "open"
        kinds = {(True, False): "left", (False, True): "right", (True, True): "both"}
        return kinds.get(verified, "neither")


def pairs(left: Sequence[OutcomeRow], right: Sequence[OutcomeRow]) -> list[Pair]:
    """The instances of both runs, where the runs differ first.

    Where both have several arms, arms of one name are compared; a run of one arm is compared with
    each of the other's.
    """
    arms = [arms_of(rows) for rows in (left, right)]
    named = max(arms, key=len)
    ours, theirs = (
        _by_key(rows, named if len(own) == 1 else own)
        for rows, own in zip((left, right), arms, strict=True)
    )
    made = [
        Pair(name, arm if len(named) > 1 else "", ours.get((name, arm)), theirs.get((name, arm)))
        for name, arm in dict.fromkeys([*ours, *theirs])
    ]
    order = list(KINDS)
    return sorted(made, key=lambda pair: order.index(pair.kind))


def _by_key(
    rows: Sequence[OutcomeRow], arms: Sequence[str]
) -> Mapping[tuple[str, str], OutcomeRow]:
    """By instance and arm; the machines of a run of one arm stand for all of `arms`."""
    is_single = len(arms_of(rows)) == 1
    return {
        (row.instance_id, arm): row for row in rows for arm in (arms if is_single else (row.arm,))
    }
