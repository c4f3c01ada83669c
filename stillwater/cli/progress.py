"""What a person sees of a run that goes on: live in a terminal, a line a machine elsewhere."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stillwater.machine import FINAL, Event, State
from stillwater.rounding import duration
from stillwater.telling.text import one_line

if TYPE_CHECKING:
    from stillwater.snapshot import Past

TICKS_A_SECOND = 2
SHOWN = 12
"""How many running machines are listed: more would outgrow a small terminal."""
SHOWN_TROUBLES = 3

COLOURS = {State.VERIFIED: "green", State.FAILED: "red"}


@dataclass
class Watched:
    """One machine as last heard of; `since` is when its step began, None while it waits.

    `trouble` is what the world did to its last step, "" if nothing.
    """

    instance_id: str
    state: State
    attempt: int
    since: float | None = None
    trouble: str = ""


def _whoever_watches() -> AbstractContextManager[None]:
    """A reader who goes away ends no run: rich exits where it finds a broken pipe."""
    return suppress(OSError, SystemExit)


class Progress:
    """Watches a run for a person. Use it as a context manager around the scheduler.

    `machines` are (machine id, instance id, state, attempt), as they stand when the run goes on.
    """

    def __init__(
        self,
        machines: Sequence[tuple[int, str, str, int]],
        run_id: str,
        model: str,
        console: Console,
        sandbox: str = "",
    ) -> None:
        self._run_id, self._model, self._sandbox = run_id, model, sandbox
        self._console = console
        self._machines = {
            machine_id: Watched(one_line(instance_id), State(state), attempt)
            for machine_id, instance_id, state, attempt in machines
        }
        self._already_ended = self._ended()
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._told = ""
        self._live = (
            Live(
                console=console,
                get_renderable=self._view,
                refresh_per_second=TICKS_A_SECOND,
                vertical_overflow="crop",
            )
            if console.is_interactive
            else None
        )

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        if self._live:
            with _whoever_watches():
                self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live:
            with _whoever_watches():
                self._live.stop()

    def started(self, machine_id: int, state: State, attempt: int) -> None:
        """A step of this machine begins."""
        with self._lock:
            machine = self._machines[machine_id]
            machine.state, machine.attempt, machine.since = state, attempt, time.monotonic()

    def committed(self, machine_id: int, past: "Past") -> None:
        """A transition of this machine is in the database."""
        with self._lock:
            machine = self._machines[machine_id]
            machine.state, machine.attempt, machine.since = past.target, past.attempt, None
            if past.event is Event.RETRY:
                machine.attempt += 1
            machine.trouble = _trouble(past)
            self._learn_sandbox(past)
        with _whoever_watches():
            self._show(machine, past)

    def _show(self, machine: Watched, past: "Past") -> None:
        if self._live:
            self._live.refresh()
        elif past.target in FINAL:
            self._console.print(Text(self._line(machine)), soft_wrap=True)
        elif machine.trouble != self._told:
            self._told = machine.trouble
            self._tell_trouble(machine)

    def _tell_trouble(self, machine: Watched) -> None:
        if machine.trouble:
            line = f"waiting   {machine.instance_id}  {machine.trouble}"
            self._console.print(Text(line), soft_wrap=True)

    def _learn_sandbox(self, past: "Past") -> None:
        sandbox = past.evidence.get("sandbox")
        if isinstance(sandbox, dict):
            self._sandbox = str(sandbox.get("kind", self._sandbox))

    def _ended(self) -> int:
        return sum(machine.state in FINAL for machine in self._machines.values())

    def _count(self, state: State) -> int:
        return sum(machine.state is state for machine in self._machines.values())

    def _line(self, machine: Watched) -> str:
        with self._lock:
            total, verified = len(self._machines), self._count(State.VERIFIED)
            return (
                f"{machine.state.lower():<8}  {machine.instance_id}  attempt {machine.attempt}  "
                f"({self._ended()}/{total}, {verified} verified)"
            )

    def _view(self) -> RenderableType:
        with self._lock:
            parts = [self._header(), self._counts(), self._overall()]
            running = [one for one in self._machines.values() if one.since is not None]
            if running:
                parts.append(self._running(running))
            parts += self._troubles()
            return Group(*parts)

    def _header(self) -> RenderableType:
        facts = [f"run {self._run_id}", self._model]
        facts += [f"{self._sandbox} sandbox"] if self._sandbox else []
        return Text(
            "  ·  ".join(one_line(fact) for fact in facts), style="bold", overflow="ellipsis"
        )

    def _counts(self) -> RenderableType:
        line = Text()
        for state in State:
            count = self._count(state)
            style = COLOURS.get(state, "") if count else "dim"
            line.append(f"{state.value} {count}   ", style)
        return line

    def _overall(self) -> RenderableType:
        ended, total = self._ended(), len(self._machines)
        elapsed = time.monotonic() - self._begun
        row = Table.grid(padding=(0, 2))
        row.add_row(
            ProgressBar(total=max(total, 1), completed=ended, width=30),
            Text(f"{ended}/{total}"),
            Text(f"elapsed {_clock(elapsed)}"),
            Text(f"left {self._left(elapsed)}"),
        )
        return row

    def _left(self, elapsed: float) -> str:
        """The machines that ended took a share of the time each; those that are left will, too."""
        ended = self._ended()
        finished_here = ended - self._already_ended
        if not finished_here:
            return "–"
        return _clock(elapsed / finished_here * (len(self._machines) - ended))

    def _troubles(self) -> list[RenderableType]:
        """A line for each of the world's failures that machines wait for."""
        waiting = [one for one in self._machines.values() if one.trouble and one.since is None]
        count = Counter(one.trouble for one in waiting)
        return [
            Text(f"{many} waiting: {trouble}", style="yellow", overflow="ellipsis")
            for trouble, many in count.most_common(SHOWN_TROUBLES)
        ]

    def _running(self, running: Sequence[Watched]) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for one in running[:SHOWN]:
            spent = duration(max(0.0, now - (one.since or now)))
            table.add_row(
                Text(one.instance_id),
                Text(f"attempt {one.attempt}"),
                Text(one.state.value),
                Text(spent),
            )
        if len(running) > SHOWN:
            table.add_row(Text(f"and {len(running) - SHOWN} more", style="dim"))
        return table


def _trouble(past: "Past") -> str:
    """What made the machine wait, in one line."""
    return one_line(str(past.evidence.get("reason"))) if past.event is Event.DEFER else ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
