"""How a run ended, machine by machine: printed by `run` and by `report`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.text import Text

from stillwater.cli.plain import Grid, duration
from stillwater.machine import State

FEEDBACK_NOTES = {
    "tests": "feedback = tests: the model saw the tests' failures; not a SWE-bench score",
    "visible": "feedback = visible: the model saw no failure of the hidden tests",
}


class Ended(Protocol):
    """A row of the view `outcomes`, as far as it is shown here."""

    @property
    def instance_id(self) -> str:
        """The instance."""

    @property
    def state(self) -> str:
        """Where its machine stands."""

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


def results_table(
    outcomes: Sequence[Ended], config: Mapping[str, Any] | None = None
) -> RenderableType:
    """One line a machine, and what the run's feedback mode means for the number below it."""
    grid = Grid(
        ("instance", "verdict", "attempts", "model", "time", "last event"),
        right=frozenset({"attempts", "time"}),
    )
    for one in outcomes:
        grid.add(
            one.instance_id,
            verdict(one.state),
            str(one.attempts),
            one.model or "–",
            duration(one.seconds),
            one.reason or "–",
        )
    note = FEEDBACK_NOTES.get(str((config or {}).get("feedback")))
    return Group(grid, Text(note, style="dim")) if note else grid


def verdict(state: str) -> str:
    """`verified` or `failed`; the state itself while the machine runs."""
    return state.lower() if state in {State.VERIFIED, State.FAILED} else state


def percentage(part: int, total: int) -> str:
    """The share, rounded, but 0% only for none and 100% only for all."""
    if not total:
        return "–"
    if part in {0, total}:
        return f"{100 * part // total}%"
    return f"{min(99, max(1, round(100 * part / total)))}%"


def final_line(outcomes: Sequence[Ended]) -> str:
    """`Final: 11/16 verified (69%)`."""
    verified = sum(one.state == State.VERIFIED for one in outcomes)
    share = f" ({percentage(verified, len(outcomes))})" if outcomes else ""
    return f"Final: {verified}/{len(outcomes)} verified{share}"
