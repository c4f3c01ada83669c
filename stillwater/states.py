"""states.md, made from the machine: the table of its edges and their diagram."""

from stillwater.machine import ACTIVE, FINAL, MEANING, Event, State, edges

HEADER = """# The states of a repair

Made from stillwater/machine.py by `make states`; a test fails when the two differ.

Every instance of a run is one machine. It starts in READ, and ends in VERIFIED or FAILED. An event
that a state does not allow raises. `defer` and `abort` can come in every state but these two.
"""


def markdown() -> str:
    """The whole of states.md."""
    rows = [
        f"| {source} | {event} | {target} | {MEANING[event]} |"
        for source, event, target in edges()
        if event not in {Event.DEFER, Event.ABORT}
    ]
    active = ", ".join(state.value for state in ACTIVE)
    rows += [
        f"| {active} | {Event.DEFER} | itself | {MEANING[Event.DEFER]} |",
        f"| {active} | {Event.ABORT} | {State.FAILED} | {MEANING[Event.ABORT]} |",
    ]
    table = ["| source | event | target | meaning |", "| --- | --- | --- | --- |", *rows]
    return "\n".join([HEADER, *table, "", *_diagram(), ""])


def _diagram() -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.READ}"]
    lines += [f"    {source} --> {target}: {event}" for source, event, target in _drawn()]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return [*lines, "```"]


def _drawn() -> list[tuple[State, str, State]]:
    drawn: dict[tuple[State, State], list[str]] = {}
    for source, event, target in edges():
        if event not in {Event.DEFER, Event.ABORT}:
            drawn.setdefault((source, target), []).append(event.value)
    return [(source, ", ".join(events), target) for (source, target), events in drawn.items()]


if __name__ == "__main__":
    print(markdown(), end="")
