"""What Prometheus asks for at /metrics: from the database, so that no restart sets it back."""

import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from stillwater import __version__
from stillwater.machine import Event, State
from stillwater.service.worker import Activity
from stillwater.slots import SLOT_OF, Slot
from stillwater.store import listing
from stillwater.store.totals import BOUNDS, Totals
from stillwater.where import Database, folder

if TYPE_CHECKING:
    from stillwater.service.app import Service

PREFIX = "stillwater_"
ENDS = (Event.UNUSABLE, Event.REJECTED, Event.FAILED, Event.REFUTED, Event.PASSED)
"""The events that end an attempt; each attempt has one, unless it is aborted."""
KINDS: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE)
    for kind, pattern in {
        "memory": r"out of memory|cannot allocate",
        "model": r"(?:gives|gave) no answer|calls the request wrong|^\S+ can't be used:|\bmodel\b",
        "disk": r"\bdisk\b|no space left|quota|read-only|can't be written",
        "network": r"can't be (?:fetched|pulled)|network|resolve|connection|\bgit \w+ took longer",
        "engine": r"docker|\bengine\b|sandbox|image|environment",
    }.items()
}
"""What sort of trouble a reason is, by its words; the first that fits."""
OTHER = "other"


def router(service: "Service") -> APIRouter:
    """The routes of whoever watches the service from outside."""
    routes = APIRouter(include_in_schema=False)
    registry = CollectorRegistry()
    registry.register(Metrics(service))

    @routes.get("/metrics")
    def metrics() -> Response:
        """All metrics in Prometheus' text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/healthz", response_class=PlainTextResponse)
    def healthz() -> str:
        """That the server answers, and nothing else, for it is told to everyone."""
        return "ok"

    return routes


def kind_of(reason: str) -> str:
    """Which of a few kinds of trouble that sentence tells of: free text is no label."""
    return next((kind for kind, words in KINDS.items() if words.search(reason)), OTHER)


class Metrics(Collector):
    """Reads the database at each scrape: of the transitions only those that are new."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._totals = Totals(kind_of)
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """All metrics of this moment."""
        service = self._service
        with self._lock, service.readers.store() as store:
            with store.reading() as connection:
                self._totals.catch_up(connection)
                arms = [of for run in listing.counts(connection).values() for of in run.values()]
            runs = store.runs()
            counted = list(_counted(self._totals))
        activities = {run.id: service.worker.activity(run)[0] for run in runs}
        yield from counted
        yield _gauge(
            "machines",
            "Machines of all runs by the state that they are in.",
            "state",
            {state: sum(of.get(state, 0) for of in arms) for state in State},
        )
        active = Counter(activities.values())
        yield _gauge(
            "runs",
            "Runs by what the service does about them.",
            "activity",
            {activity: active[activity] for activity in Activity},
        )
        driven = {Activity.RUNNING, Activity.CANCELLING}
        run = next((run for run in runs if activities[run.id] in driven), None)
        allowed = dict.fromkeys(Slot, 0) if run is None else service.worker.limits(run)
        yield _gauge(
            "slots",
            "Steps that may run at once in the run that is driven, by what they occupy.",
            "resource",
            {slot.value: allowed[slot] for slot in Slot},
        )
        steps = service.worker.running()
        busy = Counter(SLOT_OF[step.state] for step in steps)
        yield _gauge(
            "slots_busy",
            "Steps that run now, by what they occupy.",
            "resource",
            {slot.value: busy[slot] for slot in Slot},
        )
        endpoints = service.worker.endpoints()
        yield _gauge(
            "endpoint_up",
            "Whether the model's server is asked: 0 while it rests, since it gave no answer.",
            "endpoint",
            {one.endpoint.url: int(not one.rests) for one in endpoints},
        )
        yield _gauge(
            "endpoint_busy",
            "Requests that are under way at the model's server.",
            "endpoint",
            {one.endpoint.url: one.busy for one in endpoints},
        )
        yield _one("steps_running", "Steps that run now.", len(steps))
        yield from _files(service.db)
        yield _gauge(
            "build_info", "The version of Stillwater; always 1.", "version", {__version__: 1}
        )


def _counted(totals: Totals) -> Iterator[Metric]:
    moves = CounterMetricFamily(
        f"{PREFIX}transitions", "Transitions of all machines.", labels=("source", "event")
    )
    for (source, event), number in sorted(totals.moves.items()):
        moves.add_metric((source, event), number)
    yield moves
    ended: Counter[Event] = Counter()
    for (_, event), number in totals.moves.items():
        ended[event] += number
    yield _counter(
        "attempts",
        "Attempts by the event that ended them.",
        "outcome",
        {event: ended[event] for event in ENDS},
    )
    yield _counter(
        "deferrals",
        "Steps that the world made fail, by the kind of trouble.",
        "reason",
        {kind: totals.deferrals[kind] for kind in (*KINDS, OTHER)},
    )
    calls = sorted(totals.calls.items())
    yield _counter(
        "model_calls",
        "Prompts that a model answered.",
        "model",
        {model: of.calls for model, of in calls},
    )
    latency = HistogramMetricFamily(
        f"{PREFIX}model_latency_seconds", "How long a model took to answer.", labels=("model",)
    )
    for model, of in calls:
        bounds = [
            *((str(float(most)), n) for most, n in zip(BOUNDS, of.within, strict=True)),
            ("+Inf", of.timed),
        ]
        latency.add_metric((model,), bounds, of.seconds)
    yield latency
    for name, told in (
        ("prompt", "Tokens of the prompts that a model answered."),
        ("completion", "Tokens of a model's answers."),
        ("cached", "Tokens of prompts that a model had in its cache."),
    ):
        values = {model: getattr(of, f"{name}_tokens") for model, of in calls}
        yield _counter(f"{name}_tokens", told, "model", values)
    yield _gauge(
        "cached_share",
        "The share of prompt tokens that a model had in its cache, from 0 to 1.",
        "model",
        {
            model: of.cached_tokens / of.cacheable_tokens
            for model, of in calls
            if of.cacheable_tokens
        },
    )


def _files(db: Database) -> Iterable[Metric]:
    # Of a server's files that one tells by itself; here is what belongs to the runs.
    if isinstance(db, Path):
        wal = db.with_name(f"{db.name}-wal")
        yield _one("database_bytes", "Size of the database without its log.", _size(db))
        yield _one("wal_bytes", "Size of the database's write-ahead log.", _size(wal))
    yield _one(
        "disk_free_bytes",
        "Free space on the disk that holds the database.",
        shutil.disk_usage(folder(db).parent).free,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _one(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, told, value=value)


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, told, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), number)
    return family


def _counter(name: str, told: str, label: str, values: Mapping[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(PREFIX + name, told, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), number)
    return family
