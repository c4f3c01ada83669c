"""The plots of a comparison, as SVG that needs no script and follows the page's light or dark."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwater.comparison.model import ArmFigures, Comparison, MachineFigures

INK, FAINT, COLOURS = "var(--ink)", "var(--faint)", 8
"""What the page's style sheet defines, with --series-1 to --series-8."""
MOST_REASONS = 7
OTHER = "other"
SCRIPT = re.compile(r"<script.*?</script>|<!--.*?-->", re.DOTALL)
WORD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Plot:
    """One picture with what it shows, for those who can't see it too.

    `key` names its series, in the order of their colours; empty where the axis names them.
    """

    heading: str
    caption: str
    svg: str
    key: tuple[str, ...] = ()


def plots(told: Comparison) -> list[Plot]:
    """All pictures; none where nothing has ended yet."""
    if not told.instances:
        return []
    reasons = _reasons(told.arms)
    return [
        Plot(
            "Verified at k calls",
            "Share of the instances that each arm had verified by its first, second, … call.",
            _success(told),
            tuple(one.arm for one in told.arms),
        ),
        Plot(
            "Verified in the end",
            "Share of the instances with the 95 % interval after Wilson.",
            _rates(told.arms),
        ),
        Plot(
            "How attempts ended",
            "Attempts of each arm by how they ended: verified, or why not.",
            _ends(told.arms, reasons),
            tuple(name for name, _ in reasons),
        ),
        Plot(
            "Completion tokens an instance",
            "Median, quartiles and extremes over the instances.",
            _boxes(told.arms, "completion_tokens"),
        ),
        Plot(
            "Seconds an instance",
            "All steps, tests included: median, quartiles and extremes over the instances.",
            _boxes(told.arms, "seconds"),
        ),
    ]


def _pygal() -> Any:
    import pygal

    # Its import hook is of a kind that Python 3.11 warns of at every import that follows.
    sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]
    return pygal


def _chart(kind: str, **options: Any) -> Any:
    pygal = _pygal()
    from pygal.style import Style

    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=INK,
        foreground_strong=INK,
        foreground_subtle=FAINT,
        guide_stroke_color=FAINT,
        major_guide_stroke_color=FAINT,
        font_family="inherit",
        label_font_size=13,
        major_label_font_size=13,
        value_label_font_size=12,
        opacity=".85",
        transition="0s",
        colors=tuple(f"var(--series-{n})" for n in range(1, COLOURS + 1)),
    )
    return getattr(pygal, kind)(
        style=style, js=[], width=640, height=340, disable_xml_declaration=True,
        show_legend=False, **options,
    )  # fmt: skip


def _svg(chart: Any) -> str:
    return SCRIPT.sub("", chart.render(is_unicode=True))


def _success(told: Comparison) -> str:
    most = max(one.attempts for one in told.arms)
    chart = _chart("Line", range=(0, 100), y_title="% verified", x_title="calls", dots_size=4)
    chart.x_labels = [str(k) for k in range(1, most + 1)]
    for one in told.arms:
        chart.add(one.arm, [100 * count / one.total for count in one.success])
    return _svg(chart)


def _rates(arms: Sequence[ArmFigures]) -> str:
    chart = _chart("Bar", range=(0, 100), y_title="% verified")
    chart.x_labels = [one.arm for one in arms]
    chart.add("verified", [_rate(one) for one in arms])
    return _svg(chart)


def _rate(arm: ArmFigures) -> dict[str, Any]:
    low, high = arm.interval or (0.0, 1.0)
    return {"value": 100 * (arm.rate or 0.0), "ci": {"low": 100 * low, "high": 100 * high}}


def _ends(arms: Sequence[ArmFigures], series: Sequence[tuple[str, list[int]]]) -> str:
    chart = _chart("HorizontalStackedBar")
    chart.x_labels = [one.arm for one in reversed(arms)]
    for name, counts in series:
        chart.add(name, counts)
    return _svg(chart)


def _reasons(arms: Sequence[ArmFigures]) -> list[tuple[str, list[int]]]:
    """How attempts ended, the last of many ways together, with the counts from the last arm on."""
    reasons = list(dict.fromkeys(reason for one in arms for reason in one.ends))
    reasons.sort(key=lambda reason: (reason != "verified", -_all(arms, reason)))
    series = [
        (_named(reason), [one.ends.get(reason, 0) for one in reversed(arms)])
        for reason in reasons[:MOST_REASONS]
    ]
    if rest := reasons[MOST_REASONS:]:
        sums = [sum(one.ends.get(reason, 0) for reason in rest) for one in reversed(arms)]
        series.append((OTHER, sums))
    return series


def _named(reason: str) -> str:
    return WORD.sub("", reason)[:60]


def _all(arms: Sequence[ArmFigures], reason: str) -> int:
    return sum(one.ends.get(reason, 0) for one in arms)


def _boxes(arms: Sequence[ArmFigures], name: str) -> str:
    chart = _chart("Box", box_mode="extremes", range=None)
    chart.x_labels = [one.arm for one in arms]
    for one in arms:
        chart.add(one.arm, [_value(machine, name) for machine in one.machines])
    return _svg(chart)


def _value(machine: MachineFigures, name: str) -> float:
    return float(getattr(machine, name))
