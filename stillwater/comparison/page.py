"""A comparison as one page of HTML: nothing is loaded from anywhere, and no script runs."""

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from stillwater.comparison.model import Comparison, RunFacts
from stillwater.comparison.plots import COLOURS, plots
from stillwater.comparison.tables import tables
from stillwater.comparison.words import datasets, left_out, settings


def page(told: Comparison, runs: Sequence[RunFacts], note: str | None) -> str:
    """The page; `runs` are those that the comparison was made by, `note` is what their feedback
    mode means."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    source = files("stillwater.comparison").joinpath("page.html.j2").read_text("utf-8")
    return environment.from_string(source).render(
        runs=runs,
        dataset=datasets(runs),
        note=note,
        arms=[(one.arm, settings(one)) for one in told.arms],
        tables=list(tables(told)),
        plots=plots(told),
        colours=COLOURS,
        left_out=left_out(told),
        instances=told.instances,
    )
