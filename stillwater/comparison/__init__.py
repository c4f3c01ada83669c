"""Comparing the arms of one run: what each repaired, for what, and whether that is chance.

`model.py` says what a comparison tells, `figures.py` reads it from the database, `statistics.py`
has the tests and intervals, `kinds.py` sorts bugs by the size of their known fix; `markdown.py` and
`page.py` (with `plots.py`) write it down.
"""

from stillwater.comparison.figures import compare
from stillwater.comparison.model import ArmFigures, Comparison, Pair

__all__ = ["ArmFigures", "Comparison", "Pair", "compare"]
