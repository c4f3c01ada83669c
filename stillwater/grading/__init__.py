"""From a test log to a verdict: `parsers` reads the log, `verdict` compares with the instance."""

from stillwater.grading.parsers import GradingError, parse
from stillwater.grading.verdict import Verdict, judge

__all__ = ["GradingError", "Verdict", "judge", "parse"]
