"""One function a state, from a snapshot to an outcome: read, generate, apply, test, refine.

A step reads the world through `Tools`, never touches the database, and keeps nothing between calls.
"""

from collections.abc import Callable, Mapping

from stillwater.machine import State
from stillwater.snapshot import Outcome, Snapshot
from stillwater.steps.apply import apply
from stillwater.steps.generate import generate
from stillwater.steps.read import read
from stillwater.steps.refine import refine
from stillwater.steps.test import test
from stillwater.steps.tools import Tools

Step = Callable[[Snapshot, Tools], Outcome]

STEPS: Mapping[State, Step] = {
    State.READ: read,
    State.GENERATE: generate,
    State.APPLY: apply,
    State.TEST: test,
    State.REFINE: refine,
}

__all__ = ["STEPS", "Step", "Tools"]
