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

    Where each run has one arm these are compared, whatever their names; else arms of one name.
    """
    single = len(arms_of(left)) <= 1 and len(arms_of(right)) <= 1
    ours, theirs = (_by_key(rows, single) for rows in (left, right))
    made = [
        Pair(name, arm, ours.get((name, arm)), theirs.get((name, arm)))
        for name, arm in dict.fromkeys([*ours, *theirs])
    ]
    order = list(KINDS)
    return sorted(made, key=lambda pair: order.index(pair.kind))


def _by_key(rows: Sequence[OutcomeRow], single: bool) -> Mapping[tuple[str, str], OutcomeRow]:
    return {(row.instance_id, "" if single else row.arm): row for row in rows}
