"""Which artifacts of a machine's history the step of each state reads."""

from collections.abc import Mapping, Sequence

from stillwater.machine import Event, State
from stillwater.snapshot import Past
from stillwater.store import MachineRow

FAILING, TESTS = (Event.READ, "failing"), (Event.READ, "tests")
EDITS = (Event.PROPOSED, "edits")
PATCH, LOG, FEEDBACK = (Event.APPLIED, "patch"), (Event.FAILED, "log"), (Event.RETRY, "feedback")
NEEDED: Mapping[State, frozenset[tuple[Event, str]]] = {
    State.READ: frozenset(),
    State.GENERATE: frozenset({FAILING, TESTS, PATCH, FEEDBACK}),
    State.APPLY: frozenset({EDITS}),
    State.TEST: frozenset({PATCH}),
    State.REFINE: frozenset({LOG}),
}
"""The artifacts that each state's step reads from the history, by the event that brought them."""
ONLY_THIS_ATTEMPT = frozenset({EDITS, LOG})
KEPT = frozenset(name for needed in NEEDED.values() for _, name in needed)
"""The names of those that the scheduler remembers, so as not to read them anew."""


def needed(row: MachineRow, past: Sequence[Past]) -> set[str]:
    """The SHA-256 of all that the machine's next step reads."""
    wanted = NEEDED[row.state]
    return {
        sha256
        for one in past
        for name, sha256 in one.artifacts.items()
        if (brought := (one.event, name)) in wanted
        and (brought not in ONLY_THIS_ATTEMPT or one.attempt == row.attempt)
    }
