"""How a run ended, in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stillwater.machine import State
from stillwater.rounding import percent

FEEDBACK_NOTES = {
    "tests": "feedback = tests: the model saw the tests' failures; not a SWE-bench score",
    "visible": "feedback = visible: the model saw no failure of the hidden tests",
    "differs": "feedback differs by arm: where it is tests, the model saw the tests' failures, and "
    "that is not a SWE-bench score",
}


class Judged(Protocol):
    """A machine, as far as it counts."""

    @property
    def arm(self) -> str:
        """Its arm."""

    @property
    def state(self) -> str:
        """Where it stands."""


class Ended(Judged, Protocol):
    """A row of the view `outcomes`, as far as it is shown here."""

    @property
    def instance_id(self) -> str:
        """The instance."""

    @property
    def attempts(self) -> int:
        """How many completions were had."""

    @property
    def model(self) -> str | None:
        """The model of the last one."""

    @property
    def seconds(self) -> float:
        """The time that its steps took."""

    @property
    def reason(self) -> str | None:
        """The last event."""


def feedback_of(stored: Mapping[str, Any]) -> str | None:
    """Which failures the models of a run of that configuration see: the key of a note, if known."""
    arms: list[Mapping[str, Any]] = list(stored.get("arms", {}).values()) or [{}]
    modes = {str({**stored, **settings}.get("feedback")) for settings in arms}
    found = modes.pop() if len(modes) == 1 else "differs"
    return found if found in FEEDBACK_NOTES else None


def feedback_note(stored: Mapping[str, Any]) -> str | None:
    """What that means for the share that it verified, in a sentence."""
    found = feedback_of(stored)
    return FEEDBACK_NOTES[found] if found else None


def verdict(state: str) -> str:
    """`verified` or `failed`; the state itself while the machine runs."""
    return state.lower() if state in {State.VERIFIED, State.FAILED} else state


def percentage(part: int, total: int) -> str:
    """The share, as `percent` writes it; an en dash of nothing."""
    return percent(part / total) if total else "–"


def arms_of(outcomes: Sequence[Judged]) -> Sequence[str]:
    """The arms of these machines, in the order of their creation."""
    return list(dict.fromkeys(one.arm for one in outcomes))


def final_line(outcomes: Sequence[Judged]) -> str:
    """`Final: 11/16 verified (69%)`; of a comparison, `Final: direct 5/16 (31%), …`."""
    arms = arms_of(outcomes)
    if len(arms) < 2:
        told = _verified(outcomes, " verified")
        return f"Final: {told}"
    own = {arm: [one for one in outcomes if one.arm == arm] for arm in arms}
    return "Final: " + ", ".join(f"{arm} {_verified(ended)}" for arm, ended in own.items())


def _verified(outcomes: Sequence[Judged], word: str = "") -> str:
    verified = sum(one.state == State.VERIFIED for one in outcomes)
    share = f" ({percentage(verified, len(outcomes))})" if outcomes else ""
    return f"{verified}/{len(outcomes)}{word}{share}"
