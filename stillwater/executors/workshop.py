"""Carrying out one step, whatever comes of it: what fails is told as an outcome too."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from stillwater.canonical import storable
from stillwater.errors import WorldError
from stillwater.executors.protocol import Ended
from stillwater.machine import Event, State
from stillwater.memory import shortage
from stillwater.models.protocol import BadRequest, ModelError
from stillwater.refusals import refusal
from stillwater.sandbox.protocol import Cancelled
from stillwater.seal import seal
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import Step, Tools

LONGEST_WAIT = 300.0
"""Seconds that a machine waits at most, whatever the world did to it."""
MOST_DOUBLED = 30
CANCELLED = Ended(None, seal({}, {}))


@dataclass(frozen=True)
class Workshop:
    """The function of each state, and what it works with; in `arms` where an arm has others."""

    steps: Mapping[State, Step]
    tools: Tools
    arms: Mapping[str, Tools] = field(default_factory=dict)

    def perform(self, snapshot: Snapshot) -> Ended:
        """Carry out the step of the snapshot's state."""
        try:
            tools = self.arms.get(snapshot.arm, self.tools)
            outcome = self.steps[snapshot.state](snapshot, tools)
            return Ended(outcome, seal(outcome.evidence, outcome.artifacts))
        except Cancelled:
            return CANCELLED
        except (Exception, SystemExit) as error:
            world = _worlds(error)
            return _crashed(error) if world is None else deferred(snapshot, world)

    def cancel(self) -> None:
        """Kill all tests that run; no later step that needs them has a result."""
        self.tools.sandbox.cancel()


def deferred(snapshot: Snapshot, error: WorldError) -> Ended:
    """The world failed this step, so the machine waits.

    Where it has waited too often it is aborted, but only if the world has served others meanwhile:
    what fails them all is no machine's own doing, and it waits on as long as any may be served.
    """
    reason = storable(str(error))
    most, is_own = snapshot.config.max_defers, snapshot.others_served
    if error.most_in_a_row is not None:
        most, is_own = min(most, error.most_in_a_row), True
    before = _waits(snapshot)
    wait = min(snapshot.config.defer_seconds * 2 ** min(before, MOST_DOUBLED), LONGEST_WAIT)
    asked = {} if snapshot.endpoint is None else {"endpoint": snapshot.endpoint}
    outcome = Outcome(Event.DEFER, {"reason": reason, "wait_seconds": wait, **asked})
    spent = f"deferred {before} times; the last time: {reason}" if before >= most else None
    if spent and is_own and not error.needs_a_person:
        outcome, spent = Outcome(Event.ABORT, {"reason": spent, **asked}), None
    return Ended(
        outcome,
        seal(outcome.evidence, {}),
        needs_a_person=reason if error.needs_a_person else None,
        spent=spent,
        model_failed=isinstance(error, ModelError) and not isinstance(error, BadRequest),
    )


def _worlds(error: BaseException) -> WorldError | None:
    """The failure of the world that the error is or comes from, if it does."""
    return error if isinstance(error, WorldError) else refusal(error) or shortage(error)


def _waits(snapshot: Snapshot) -> int:
    """How often in a row the world has failed the machine since its scheduler began."""
    recent = [past for past in snapshot.past if past.seq > snapshot.patient_since]
    return sum(1 for _ in takewhile(lambda past: past.event is Event.DEFER, reversed(recent)))


def _crashed(error: BaseException) -> Ended:
    reason = storable(f"internal error: {type(error).__name__}: {error}")
    told = traceback.format_exc().encode("utf-8", "replace")
    outcome = Outcome(Event.ABORT, {"reason": reason}, {"traceback": Artifact("log", told)})
    return Ended(outcome, seal(outcome.evidence, outcome.artifacts))
