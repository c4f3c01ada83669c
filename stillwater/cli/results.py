"""How a run ended, machine by machine: printed by `run` and by `report`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from stillwater.cli.plain import Grid
from stillwater.rounding import duration
from stillwater.telling.results import Ended, arms_of, feedback_note, verdict

COLUMNS = ("verdict", "attempts", "model", "time", "last event")


def results_table(
    outcomes: Sequence[Ended], config: Mapping[str, Any] | None = None
) -> RenderableType:
    """One line a machine, and what the run's feedback mode means for the number below it."""
    has_arms = len(arms_of(outcomes)) > 1
    grid = Grid(
        ("instance", *(["arm"] if has_arms else []), *COLUMNS),
        right=frozenset({"attempts", "time"}),
    )
    for one in outcomes:
        grid.add(
            one.instance_id,
            *([one.arm] if has_arms else []),
            verdict(one.state),
            str(one.attempts),
            one.model or "–",
            duration(one.seconds),
            one.reason or "–",
        )
    note = feedback_note(config or {})
    return Group(grid, Text(note, style="dim")) if note else grid
