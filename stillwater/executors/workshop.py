"""Carrying out one step, whatever comes of it: what fails is told as an outcome too."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillwater.errors import WorldError
from stillwater.executors.protocol import Ended
from stillwater.machine import Event, State
from stillwater.memory import shortage
from stillwater.sandbox.protocol import Cancelled
from stillwater.seal import seal
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import Step, Tools

LONGEST_WAIT = 300.0
"""Seconds that a machine waits at most, whatever the world did to it."""
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
        except Exception as error:
            world = error if isinstance(error, WorldError) else shortage(error)
            return _crashed(error) if world is None else deferred(snapshot, world)

    def cancel(self) -> None:
        """Kill all tests that run; no later step that needs them has a result."""
        self.tools.sandbox.cancel()


def deferred(snapshot: Snapshot, error: WorldError) -> Ended:
    """The world failed this step: the machine waits, or is aborted if it has waited too often."""
    reason, most = str(error), snapshot.config.max_defers
    if error.most_in_a_row is not None:
        most = min(most, error.most_in_a_row)
    before = 0
    for past in reversed(snapshot.past):
        if past.event is not Event.DEFER:
            break
        before += 1
    wait = min(snapshot.config.defer_seconds * 2**before, LONGEST_WAIT)
    outcome = Outcome(Event.DEFER, {"reason": reason, "wait_seconds": wait})
    if before >= most and not error.needs_a_person:
        outcome = Outcome(
            Event.ABORT, {"reason": f"deferred {before} times; the last time: {reason}"}
        )
    return Ended(outcome, seal(outcome.evidence, {}), reason if error.needs_a_person else None)


def _crashed(error: Exception) -> Ended:
    reason = f"internal error: {type(error).__name__}: {error}"
    told = traceback.format_exc().encode("utf-8", "replace")
    evidence = {"reason": reason.encode("utf-8", "replace").decode()}
    outcome = Outcome(Event.ABORT, evidence, {"traceback": Artifact("log", told)})
    return Ended(outcome, seal(outcome.evidence, outcome.artifacts))
