"""The repair machine: its states, its events, and the only place that knows which leads where."""

from dataclasses import dataclass
from enum import StrEnum

from statemachine import State as ChartState
from statemachine import StateChart
from statemachine.exceptions import TransitionNotAllowed

from stillwater.errors import StillwaterError


class State(StrEnum):
    """Where a machine stands; the value is what the `machines` table stores."""

    READ = "READ"
    GENERATE = "GENERATE"
    APPLY = "APPLY"
    TEST = "TEST"
    REFINE = "REFINE"
    VERIFIED = "VERIFIED"
    FAILED = "FAILED"


class Event(StrEnum):
    """What happened; the value is what the `transitions` table stores."""

    READ = "read"
    INVALID = "invalid"
    PROPOSED = "proposed"
    UNUSABLE = "unusable"
    APPLIED = "applied"
    REJECTED = "rejected"
    PASSED = "passed"
    FAILED = "failed"
    REFUTED = "refuted"
    RETRY = "retry"
    EXHAUSTED = "exhausted"
    DEFER = "defer"
    ABORT = "abort"


ANSWERED = frozenset({Event.PROPOSED, Event.UNUSABLE})
"""The events that say that a model has answered: each is an attempt made."""
CANCELLED = "cancelled by the operator"
"""The reason of an `abort` that an operator asked for."""
FINAL = frozenset({State.VERIFIED, State.FAILED})
ACTIVE = tuple(state for state in State if state not in FINAL)

MEANING = {
    Event.READ: "files chosen, baseline tests run",
    Event.INVALID: (
        "nothing to work on: its tests can't run, or already pass, or no file of it can be shown"
    ),
    Event.PROPOSED: "the completion holds edits",
    Event.UNUSABLE: "the completion holds none: empty, cut off, only prose, only placeholders",
    Event.APPLIED: "the edits fit, and the files still compile",
    Event.REJECTED: "they don't: no such file, protected file, syntax error, same patch as before",
    Event.PASSED: "all FAIL_TO_PASS pass and no PASS_TO_PASS broke, in a fresh sandbox",
    Event.FAILED: "some test that must pass did not",
    Event.REFUTED: (
        'only with feedback = "visible": passed all that the model may see, failed the hidden tests'
    ),
    Event.RETRY: "attempts are left: feedback distilled, model chosen, attempt + 1",
    Event.EXHAUSTED: "no attempts are left",
    Event.DEFER: "the world failed, not the model: wait and repeat; no attempt spent",
    Event.ABORT: (
        "an operator cancelled, deferring ran out, the server refused the prompt as too long, or "
        "the step crashed"
    ),
}


class IllegalEvent(StillwaterError):
    """The machine's state does not allow the event."""


@dataclass
class Row:
    """The stored field that a RepairMachine is bound to."""

    state: str = State.READ.value


class RepairMachine(StateChart[Row]):
    """The graph of design: python-statemachine's chart, bound to a row's `state`."""

    allow_event_without_transition = False
    catch_errors_as_events = False
    atomic_configuration_update = True

    READ = ChartState(initial=True, value=State.READ.value)
    GENERATE = ChartState(value=State.GENERATE.value)
    APPLY = ChartState(value=State.APPLY.value)
    TEST = ChartState(value=State.TEST.value)
    REFINE = ChartState(value=State.REFINE.value)
    VERIFIED = ChartState(final=True, value=State.VERIFIED.value)
    FAILED = ChartState(final=True, value=State.FAILED.value)

    read = READ.to(GENERATE)
    invalid = READ.to(FAILED)
    proposed = GENERATE.to(APPLY)
    unusable = GENERATE.to(REFINE)
    applied = APPLY.to(TEST)
    rejected = APPLY.to(REFINE)
    passed = TEST.to(VERIFIED)
    failed = TEST.to(REFINE)
    refuted = TEST.to(FAILED)
    retry = REFINE.to(GENERATE)
    exhausted = REFINE.to(FAILED)
    defer = (
        READ.to(READ) | GENERATE.to(GENERATE) | APPLY.to(APPLY) | TEST.to(TEST) | REFINE.to(REFINE)
    )
    abort = FAILED.from_(READ, GENERATE, APPLY, TEST, REFINE)


def fire(row: Row, event: Event) -> State:
    """Send `event` to the machine that `row` stores; its new state is in `row` and returned.

    Raises:
        IllegalEvent: the state does not allow the event, or is none of the machine's.
    """
    if row.state not in State.__members__:
        raise IllegalEvent(f"{row.state!r} is not a state of the machine")
    machine = RepairMachine(row, state_field="state")
    try:
        machine.send(event.value)
    except TransitionNotAllowed as error:
        raise IllegalEvent(f"{row.state} does not allow the event {event.value!r}") from error
    return State(row.state)


def edges() -> list[tuple[State, Event, State]]:
    """Every edge of the graph (source, event, target), in the order of the states."""
    found = {
        (State(source.value), Event(name), State(transition.target.value))
        for source in RepairMachine.states
        for transition in source.transitions
        for name in str(transition.event).split()
    }
    states, events = list(State), list(Event)
    return sorted(found, key=lambda edge: (states.index(edge[0]), events.index(edge[1])))
