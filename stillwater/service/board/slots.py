"""How busy the slots of each resource were over a run's time, as the paths of a drawing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from stillwater.machine import Event, State
from stillwater.ready import SLOT_OF, Slot
from stillwater.service.board.reading import Span
from stillwater.service.worker import Running
from stillwater.telling.results import percentage
from stillwater.telling.text import duration

WIDTH = 1000
LEVEL = 14
GAP = 3
MOST_LEVELS = 12
SHOWN = {Slot.MODEL: "model", Slot.SANDBOX: "sandbox", Slot.PREPARE: "prepare"}

Interval = tuple[float, float]


@dataclass(frozen=True)
class Lane:
    """One resource: a path for each step that ran beside others, and its busy share in words."""

    name: str
    paths: list[str]
    height: int
    told: str


@dataclass(frozen=True)
class Slots:
    """The drawing: lanes, the times at its edges, and what the model's idleness comes to."""

    lanes: list[Lane]
    begin: datetime
    end: datetime
    took: str
    idle: str


def slots(
    spans: Sequence[Span], running: Sequence[Running], model_slots: int, now: datetime
) -> Slots | None:
    """The slots of a run over its time; None before any step began."""
    begins = [one.started_at for one in spans] + [one.since for one in running]
    if not begins:
        return None
    begin = min(begins)
    end = now if running else max(one.finished_at for one in spans)
    whole = max((end - begin).total_seconds(), 0.001)

    def seconds(at: datetime) -> float:
        return (at - begin).total_seconds()

    busy: dict[Slot, list[Interval]] = {slot: [] for slot in SHOWN}
    for span in spans:
        if SLOT_OF[span.source] in busy:
            busy[SLOT_OF[span.source]].append((seconds(span.started_at), seconds(span.finished_at)))
    for step in running:
        if SLOT_OF[step.state] in busy:
            busy[SLOT_OF[step.state]].append((seconds(step.since), whole))
    waiting = [(seconds(first), seconds(last)) for first, last in _waits(spans, running, end)]
    return Slots(
        lanes=[_lane(name, busy[slot], whole) for slot, name in SHOWN.items()],
        begin=begin,
        end=end,
        took=duration(whole),
        idle=_idle(busy[Slot.MODEL], waiting, model_slots, whole),
    )


def _waits(
    spans: Sequence[Span], running: Sequence[Running], end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """When a machine was ready for the model and didn't have it; not while it had to wait."""
    since: dict[int, datetime] = {}
    for span in spans:
        if span.source is State.GENERATE and span.machine_id in since:
            yield since.pop(span.machine_id), span.started_at
        if span.target is State.GENERATE and span.event is not Event.DEFER:
            since[span.machine_id] = span.finished_at
        else:
            since.pop(span.machine_id, None)
    for step in running:
        if step.state is State.GENERATE and step.machine_id in since:
            yield since.pop(step.machine_id), step.since
    if running:
        yield from ((first, end) for first in since.values())


def _idle(
    busy: Sequence[Interval], waiting: Sequence[Interval], model_slots: int, whole: float
) -> str:
    used = sum(last - first for first, last in busy)
    idle = max(0.0, model_slots * whole - used)
    kept = _overlap(_levels(waiting, 1)[0], _free(busy, model_slots, whole)) if waiting else 0.0
    noun = "The model's slot" if model_slots == 1 else f"The model's {model_slots} slots"
    verb = "was" if model_slots == 1 else "were"
    told = f"{noun} {verb} idle {_share(idle, model_slots * whole)} of the time"
    return f"{told}, and {_share(kept, whole)} while a machine was ready to generate."


def _share(part: float, whole: float) -> str:
    return percentage(round(1000 * part), max(1, round(1000 * whole)))


def _lane(name: str, intervals: Sequence[Interval], whole: float) -> Lane:
    levels = _levels(intervals, MOST_LEVELS)
    paths = []
    for number, level in enumerate(levels):
        top = number * (LEVEL + GAP)
        merged = list(_quantised(level, whole))
        paths.append("".join(f"M{x} {top}h{end - x}v{LEVEL}h-{end - x}z" for x, end in merged))
    used = sum(last - first for first, last in intervals)
    most = f", at most {len(levels)} at once" if len(levels) > 1 else ""
    told = f"{len(intervals)} steps, {duration(used)}{most}"
    height = max(1, len(levels)) * (LEVEL + GAP) - GAP
    return Lane(name, paths, height, told)


def _levels(intervals: Iterable[Interval], most: int) -> list[list[Interval]]:
    """For each k up to `most`: when at least k of the intervals hold at once."""
    marks = sorted(
        mark for first, last in intervals if last > first for mark in ((first, 1), (last, -1))
    )
    levels: list[list[Interval]] = [[]]
    began: list[float] = []
    for at, change in marks:
        if change > 0:
            began.append(at)
            continue
        depth = len(began)
        first = began.pop()
        while len(levels) < min(depth, most):
            levels.append([])
        if depth <= most and at > first:
            levels[depth - 1].append((first, at))
    return levels


def _free(busy: Sequence[Interval], slots: int, whole: float) -> list[Interval]:
    """When fewer than all slots were taken."""
    levels = _levels(busy, slots)
    full = levels[slots - 1] if len(levels) == slots else []
    edges = [0.0, *(edge for interval in full for edge in interval), whole]
    return [(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _overlap(some: Sequence[Interval], others: Sequence[Interval]) -> float:
    """How long an interval of both holds; each is ordered and has none that overlap."""
    total, at = 0.0, 0
    for first, last in some:
        while at < len(others) and others[at][1] <= first:
            at += 1
        here = at
        while here < len(others) and others[here][0] < last:
            total += min(last, others[here][1]) - max(first, others[here][0])
            here += 1
    return total


def _quantised(intervals: Sequence[Interval], whole: float) -> Iterator[tuple[int, int]]:
    """The intervals in units of the drawing, at least one wide, those that touch as one."""
    current: tuple[int, int] | None = None
    for first, last in intervals:
        x = min(WIDTH - 1, int(WIDTH * first / whole))
        end = min(WIDTH, max(x + 1, round(WIDTH * last / whole)))
        if current is not None and x <= current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (x, end)
    if current is not None:
        yield current
