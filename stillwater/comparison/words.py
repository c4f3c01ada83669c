"""How a comparison's numbers are written, wherever it is shown."""

import json
from collections.abc import Iterable

from stillwater.comparison.model import ArmFigures, Comparison, RunFacts
from stillwater.rounding import percent

NONE = "–"
NAMED = 5


def share(value: float | None) -> str:
    """`29%`; an en dash where there is none."""
    return NONE if value is None else percent(value)


def interval(found: tuple[float, float] | None) -> str:
    """`15–49%`."""
    return NONE if found is None else f"{100 * found[0]:.0f}–{100 * found[1]:.0f}%"


def probability(p: float) -> str:
    """`0.031`, or `<0.001`."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def cost(dollars: float | None) -> str:
    """`$0.12`; an en dash where no price is known."""
    return NONE if dollars is None else f"${dollars:.2f}"


def settings(arm: ArmFigures) -> str:
    """What the arm sets otherwise than the run, as in a TOML file."""
    sets = [f"{name} = {json.dumps(value)}" for name, value in sorted(arm.settings.items())]
    return "; ".join(sets) or "as the run"


def datasets(runs: Iterable[RunFacts]) -> str:
    """The names of what the runs repaired, each once."""
    return ", ".join(dict.fromkeys(run.dataset for run in runs))


def left_out(told: Comparison) -> str:
    """A sentence on the instances that don't count yet; "" if all do."""
    if not told.left_out:
        return ""
    named = ", ".join(told.left_out[:NAMED])
    more = ", …" if len(told.left_out) > NAMED else ""
    many = len(told.left_out)
    return f"Not counted, since some arm hasn't ended with them: {many} ({named}{more})"
