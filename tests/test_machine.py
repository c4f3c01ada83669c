"""The machine: what leads where, and that nothing else does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.machine import FINAL, Event, IllegalEvent, Row, State, edges, fire
from stillwater.states import markdown

DESIGN = {
    ("READ", "read", "GENERATE"),
    ("READ", "invalid", "FAILED"),
    ("GENERATE", "proposed", "APPLY"),
    ("GENERATE", "unusable", "REFINE"),
    ("APPLY", "applied", "TEST"),
    ("APPLY", "rejected", "REFINE"),
    ("TEST", "passed", "VERIFIED"),
    ("TEST", "failed", "REFINE"),
    ("TEST", "refuted", "FAILED"),
    ("REFINE", "retry", "GENERATE"),
    ("REFINE", "exhausted", "FAILED"),
} | {
    (state, event, target)
    for state in ("READ", "GENERATE", "APPLY", "TEST", "REFINE")
    for event, target in (("defer", state), ("abort", "FAILED"))
}


def test_the_graph_is_the_design() -> None:
    assert {(s.value, e.value, t.value) for s, e, t in edges()} == DESIGN


@given(st.lists(st.sampled_from(list(Event)), max_size=60))
def test_random_events_move_along_edges_or_raise_and_leave_the_state(events: list[Event]) -> None:
    row = Row()
    legal = {(source, event): target for source, event, target in edges()}
    for event in events:
        before = State(row.state)
        if (before, event) in legal:
            assert fire(row, event) is legal[before, event]
            assert row.state == legal[before, event].value
        else:
            with pytest.raises(IllegalEvent, match=before.value):
                fire(row, event)
            assert row.state == before.value


@given(st.sampled_from(sorted(FINAL)), st.sampled_from(list(Event)))
def test_a_final_state_stays_final(state: State, event: Event) -> None:
    with pytest.raises(IllegalEvent):
        fire(Row(state.value), event)


def test_a_stored_state_that_does_not_exist_is_refused() -> None:
    with pytest.raises(IllegalEvent, match="SLEEP"):
        fire(Row("SLEEP"), Event.DEFER)


def test_states_md_is_made_from_the_machine() -> None:
    written = Path(__file__).parents[1] / "states.md"
    assert written.read_text("utf-8") == markdown(), "run `make states`"
