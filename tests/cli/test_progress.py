import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from stillwater.cli.progress import Progress
from stillwater.cli.results import results_table
from stillwater.machine import Event, State
from stillwater.snapshot import Past
from stillwater.telling.results import final_line, percentage

if TYPE_CHECKING:
    from stillwater.scheduler import Listener

MACHINES = [
    (1, "ledger__ledger-101", "READ", 1),
    (2, "waypost__way-7", "READ", 1),
    (3, "waypost__way-9", "VERIFIED", 1),
]


def past(event: Event, source: State, target: State, attempt: int = 1) -> Past:
    evidence: Mapping[str, object] = {"sandbox": {"kind": "local"}} if event is Event.READ else {}
    return Past(1, source, event, target, attempt, evidence)  # type: ignore[arg-type]


def drive(progress: Progress) -> None:
    listener: Listener = progress
    with progress:
        listener.started(1, State.READ, 1)
        listener.committed(1, past(Event.READ, State.READ, State.GENERATE))
        listener.started(2, State.READ, 1)
        listener.committed(2, past(Event.INVALID, State.READ, State.FAILED))
        listener.started(1, State.TEST, 2)
        listener.committed(1, past(Event.PASSED, State.TEST, State.VERIFIED, 2))


def test_a_pipe_gets_one_line_for_each_machine_that_ends() -> None:
    piped = io.StringIO()
    drive(Progress(MACHINES, "run-1", "builtin/mutate", Console(file=piped, width=40)))
    assert piped.getvalue().splitlines() == [
        "failed    waypost__way-7  attempt 1  (2/3, 1 verified)",
        "verified  ledger__ledger-101  attempt 2  (3/3, 2 verified)",
    ]


def deferred(reason: str) -> Past:
    return Past(1, State.GENERATE, Event.DEFER, State.GENERATE, 1, {"reason": reason})


def test_a_pipe_is_told_once_what_machines_wait_for() -> None:
    piped = io.StringIO()
    with Progress(MACHINES, "run-1", "m", Console(file=piped, width=40)) as progress:
        for machine_id in (1, 2, 1):
            progress.started(machine_id, State.GENERATE, 1)
            progress.committed(machine_id, deferred("the model is down"))
        progress.committed(1, past(Event.PROPOSED, State.GENERATE, State.APPLY))
        progress.committed(2, deferred("the model is down"))
    told = piped.getvalue().splitlines()
    assert len(told) == 2
    assert all("the model is down" in line for line in told)


def test_a_terminal_shows_what_machines_wait_for() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100, height=30)
    with Progress(MACHINES, "run-1", "m", console) as progress:
        progress.committed(1, deferred("the model is down"))
        progress.committed(2, deferred("the model is down"))
    assert "2 waiting: the model is down" in terminal.getvalue()


def test_a_terminal_shows_run_states_and_what_runs_now() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100, height=30)
    progress = Progress(MACHINES, "run-1", "builtin/mutate", console)
    with progress:
        progress.started(1, State.READ, 1)
        progress.committed(1, past(Event.READ, State.READ, State.GENERATE))
        progress.started(1, State.GENERATE, 1)
        progress.committed(2, past(Event.INVALID, State.READ, State.FAILED))
    shown = terminal.getvalue()
    assert "run run-1  ·  builtin/mutate  ·  local sandbox" in shown
    assert "left –" in shown
    assert "2/3" in shown
    assert "left 0:00:0" in shown
    assert "ledger__ledger-101" in shown
    for state in State:
        assert state.value in shown


def test_the_view_fits_a_small_terminal_however_many_machines_run() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=80, height=24)
    many = [(number, f"some__some-{number}", "READ", 1) for number in range(50)]
    with Progress(many, "run-1", "m", console) as progress:
        for number in range(50):
            progress.started(number, State.READ, 1)
        progress.committed(0, past(Event.READ, State.READ, State.GENERATE))
    assert "and 37 more" in terminal.getvalue()


@dataclass
class Row:
    instance_id: str
    state: State
    attempts: int = 1
    arm: str = "default"
    model: str | None = "builtin/mutate"
    seconds: float = 12.0
    reason: str | None = "passed"


def test_the_final_line_counts_the_verified() -> None:
    rows = [Row(f"i-{n}", State.VERIFIED if n < 11 else State.FAILED) for n in range(16)]
    assert final_line(rows) == "Final: 11/16 verified (69%)"
    assert final_line([]) == "Final: 0/0 verified"


def test_the_final_line_of_a_comparison_counts_for_each_arm() -> None:
    rows = [
        Row(f"i-{n}", State.VERIFIED if n < most else State.FAILED, arm=arm)
        for arm, most in (("patch", 1), ("direct", 3))
        for n in range(4)
    ]
    assert final_line(rows) == "Final: patch 1/4 (25%), direct 3/4 (75%)"


def test_a_share_is_whole_only_when_all_are() -> None:
    assert percentage(399, 400) == "99%"
    assert percentage(1, 400) == "1%"
    assert percentage(0, 400) == "0%"
    assert percentage(400, 400) == "100%"


def test_results_say_what_the_feedback_mode_means() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(
        results_table([Row("i-1", State.VERIFIED)], {"feedback": "tests"})
    )
    assert "i-1       verified         1  builtin/mutate  12 s  passed" in out.getvalue()
    assert (
        "feedback = tests: the model saw the tests' failures; not a SWE-bench score"
        in out.getvalue()
    )
