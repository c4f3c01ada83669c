"""OpenTelemetry spans of what is committed: run, step, model call and test run.

Spans are made from the record, so they say what it says, with its times. They are sent where the
variable OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT) says, by the exporter's own settings;
without it nothing of this is even imported. Names of attributes of model calls are OpenTelemetry's
semantic conventions for generative AI.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from stillwater import __version__
from stillwater.errors import StillwaterError
from stillwater.machine import Event, State
from stillwater.service.hub import Hub
from stillwater.service.readers import Readers
from stillwater.store import listing

AT_ONCE = 500
CALLS = {State.GENERATE: "model call", State.TEST: "test run"}
"""What a step's seconds in its evidence are the time of."""


def exporting() -> TracerProvider:
    """A provider that sends spans where the environment says."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    names = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "stillwater")}
    provider = TracerProvider(resource=Resource.create({**names, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@dataclass
class Traces:
    """Follows the record from where it stands when it is started, in a thread of its own."""

    readers: Readers
    hub: Hub
    provider: TracerProvider

    _told: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: bool = field(default=False, init=False)
    _last: int = field(default=0, init=False)
    _runs: dict[str, Span] = field(default_factory=dict, init=False)

    def start(self) -> None:
        """Begin to follow."""
        with self.readers.store() as store, store.reading() as connection:
            self._last = listing.last_transition(connection)
        self._tracer = self.provider.get_tracer("stillwater", __version__)
        self.hub.also.append(self._told.set)
        self._thread = threading.Thread(target=self._follow, name="traces", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Send what is left, for at most so long."""
        self._stopping = True
        self._told.set()
        self._thread.join(seconds)
        for span in self._runs.values():
            span.end()
        self.provider.force_flush(int(seconds * 1000))

    def _follow(self) -> None:
        while True:
            stopping = self._stopping
            self._told.clear()
            try:
                self._catch_up()
            except StillwaterError as error:
                structlog.get_logger().warning("traces are behind", reason=str(error))
            if stopping:
                return
            self._told.wait()

    def _catch_up(self) -> None:
        found = None
        while found is None or len(found) == AT_ONCE:
            with self.readers.store() as store, store.reading() as connection:
                found = listing.transitions(connection, self._last, AT_ONCE)
            for one in found:
                self._step(one)
                self._last = one.id
        self._end_runs()

    def _step(self, one: listing.Listed) -> None:
        parent = set_span_in_context(self._run(one.run_id), Context())
        span = self._tracer.start_span(
            one.source.value,
            parent,
            start_time=_nanoseconds(one.started_at),
            attributes={
                "stillwater.instance": one.instance_id,
                "stillwater.arm": one.arm,
                "stillwater.machine": one.machine_id,
                "stillwater.attempt": one.attempt,
                "stillwater.event": one.event.value,
                "stillwater.target": one.target.value,
                "stillwater.transition": one.id,
                "stillwater.sha256": one.sha256,
            },
        )
        if one.event in {Event.DEFER, Event.ABORT}:
            span.set_status(Status(StatusCode.ERROR, str(one.evidence.get("reason", ""))))
        self._call(one, span)
        span.end(_nanoseconds(one.finished_at))

    def _call(self, one: listing.Listed, step: Span) -> None:
        seconds = one.evidence.get("seconds")
        if one.source not in CALLS or not isinstance(seconds, int | float):
            return
        ended = min(one.finished_at, one.started_at + timedelta(seconds=seconds))
        call = self._tracer.start_span(
            CALLS[one.source],
            set_span_in_context(step, Context()),
            start_time=_nanoseconds(one.started_at),
            attributes=_of_model(one.evidence) if one.source is State.GENERATE else None,
        )
        call.end(_nanoseconds(ended))

    def _run(self, run_id: str) -> Span:
        if run_id not in self._runs:
            with self.readers.store() as store:
                run = store.run(run_id)
            self._runs[run_id] = self._tracer.start_span(
                "run",
                Context(),
                start_time=_nanoseconds(run.created_at),
                attributes={"stillwater.run": run.id, "stillwater.dataset": run.dataset},
            )
        return self._runs[run_id]

    def _end_runs(self) -> None:
        if not self._runs:
            return
        with self.readers.store() as store:
            ended = {run.id: run.finished_at for run in store.runs() if run.finished_at}
        for run_id in self._runs.keys() & ended.keys():
            self._runs.pop(run_id).end(_nanoseconds(ended[run_id]))


def _of_model(evidence: Mapping[str, Any]) -> dict[str, str | int]:
    usage = evidence.get("usage")
    told = usage if isinstance(usage, Mapping) else {}
    values = {
        "gen_ai.request.model": evidence.get("model"),
        "gen_ai.usage.input_tokens": told.get("prompt_tokens"),
        "gen_ai.usage.output_tokens": told.get("completion_tokens"),
        "stillwater.cached_tokens": told.get("cached_tokens"),
    }
    return {name: value for name, value in values.items() if value is not None}


def _nanoseconds(at: datetime) -> int:
    whole = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole.days * 86400 + whole.seconds) * 10**9 + whole.microseconds * 1000
