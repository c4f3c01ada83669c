"""Suspects: the functions that failing tests call, likeliest to hold the bug first.

`tracer.py` runs inside the sandbox and notes which functions each test calls, `calls.py` has a test
command do so and reads what it told, `rank.py` compares failing tests with passing ones.
"""

from stillwater.suspects.calls import Calls, Place, telling, told
from stillwater.suspects.rank import Suspect, suspects

__all__ = ["Calls", "Place", "Suspect", "suspects", "telling", "told"]
