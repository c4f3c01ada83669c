"""Comparing the arms of one run: what each repaired, for what, and whether that is chance.

`model.py` says what a comparison tells, `figures.py` reads it from the database, `parts.py` from
the reports of runs that did a part each, `assembled.py` holds the arms against each other;
`statistics.py` has the tests and intervals, `kinds.py` sorts bugs by the size of their known fix;
`markdown.py` and `page.py` (with `plots.py`) write it down.
"""

from stillwater.comparison.figures import compare
from stillwater.comparison.model import ArmFigures, Comparison, Pair, RunFacts

__all__ = ["ArmFigures", "Comparison", "Pair", "RunFacts", "compare"]
