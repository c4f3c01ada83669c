"""How busy the slots of each resource were over a run's time, as paths to be drawn."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from stillwater.machine import Event, State
from stillwater.rounding import duration
from stillwater.service.board.reading import Span
from stillwater.service.worker import Running
from stillwater.slots import SLOT_OF, Slot
from stillwater.telling.results import percentage

WIDTH = 500
"""Into how many parts the time is divided."""
HIGHEST = 72
SHOWN = {Slot.MODEL: "model", Slot.SANDBOX: "sandbox", Slot.PREPARE: "prepare"}

Interval = tuple[float, float]


@dataclass(frozen=True)
class Lane:
    """One resource: the outline of how many of its slots were busy, and that in words."""

    name: str
    path: str
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
    spans: Sequence[Span], running: Sequence[Running], limits: Mapping[Slot, int], now: datetime
) -> Slots | None:
    """The slots of a run over its time; None before any step began. `limits` are how many there are
    of each now; there were at least as many as were busy at once."""
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
    there = {slot: max(limits[slot], _most_at_once(busy[slot])) for slot in SHOWN}
    return Slots(
        lanes=[_lane(name, busy[slot], there[slot], whole) for slot, name in SHOWN.items()],
        begin=begin,
        end=end,
        took=duration(whole),
        idle=_idle(busy[Slot.MODEL], waiting, there[Slot.MODEL], whole),
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


def _most_at_once(intervals: Sequence[Interval]) -> int:
    changes = sorted([(last, -1) for _, last in intervals] + [(first, 1) for first, _ in intervals])
    return max(accumulate(change for _, change in changes), default=0)


def _share(part: float, whole: float) -> str:
    return percentage(round(1000 * part), max(1, round(1000 * whole)))


def _lane(name: str, intervals: Sequence[Interval], limit: int, whole: float) -> Lane:
    parts = _parts(intervals, whole)
    top = max(limit, *(math.ceil(part - 0.01) for part in parts))
    height = min(HIGHEST, 12 + 8 * top)
    used = sum(last - first for first, last in intervals)
    steps = "1 step" if len(intervals) == 1 else f"{len(intervals)} steps"
    told = f"{steps}, {duration(used)}, {_share(used, limit * whole)} busy"
    slots_told = "1 slot" if limit == 1 else f"{limit} slots"
    return Lane(name, _outline(parts, height, top), height, f"{slots_told}: {told}")


def _parts(intervals: Sequence[Interval], whole: float) -> list[float]:
    """How many slots were busy on average, in each part of the time."""
    parts = [0.0] * WIDTH
    for first, last in intervals:
        begin, end = (max(0.0, min(WIDTH, WIDTH * at / whole)) for at in (first, last))
        for part in range(int(begin), min(WIDTH, math.ceil(end))):
            parts[part] += min(end, part + 1) - max(begin, part)
    return parts


def _outline(parts: Sequence[float], height: int, top: int) -> str:
    """As the path of an area that stands on the lower edge."""
    path, before = [f"M0 {height}"], height
    for x, part in enumerate(parts):
        y = height - round(height * min(part, top) / top)
        if y != before:
            path.append(f"H{x}V{y}")
            before = y
    return "".join([*path, f"H{WIDTH}V{height}z"])


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
