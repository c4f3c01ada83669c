"""From a test log to a verdict: `parsers` reads the log, `verdict` compares with the instance.

`official` is the door to the `swebench` package, for all but pytest's logs and exit codes.
"""

from stillwater.grading.parsers import GradingError, Printed, Reading, check, load_official, read
from stillwater.grading.verdict import PASSING, Verdict, judge

__all__ = [
    "PASSING",
    "GradingError",
    "Printed",
    "Reading",
    "Verdict",
    "check",
    "judge",
    "load_official",
    "read",
]
