"""A comparison as one page of HTML: nothing is loaded from anywhere, and no script runs."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from stillwater.comparison.model import Comparison
from stillwater.comparison.plots import COLOURS, plots
from stillwater.comparison.tables import tables
from stillwater.comparison.words import left_out, settings


def page(told: Comparison, run: dict[str, Any], note: str | None) -> str:
    """The page; `run` are the run's facts as `report --json` has them, `note` what its feedback
    mode means."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    source = files("stillwater.comparison").joinpath("page.html.j2").read_text("utf-8")
    return environment.from_string(source).render(
        run=run,
        note=note,
        arms=[(one.arm, settings(one)) for one in told.arms],
        tables=list(tables(told)),
        plots=plots(told),
        colours=COLOURS,
        left_out=left_out(told),
        instances=told.instances,
    )
