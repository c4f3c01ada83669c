"""Spans say what the record says, with its times."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from stillwater.machine import State
from stillwater.service.traces import Traces
from stillwater.snapshot import Outcome, Snapshot
from tests.service.conftest import World
from tests.test_scheduler import GOOD

USAGE = {"prompt_tokens": 1200, "completion_tokens": 80, "cached_tokens": 600}


def told(snapshot: Snapshot) -> Outcome:
    """A step that says what it took."""
    return Outcome(GOOD[snapshot.state], {"seconds": 0.0, "model": "m", "usage": dict(USAGE)})


@pytest.fixture
def sent(world: World) -> Iterator[InMemorySpanExporter]:
    """What a service sends of what is committed from now on."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traces = Traces(world.service.readers, world.service.hub, provider)
    world.add("r-0", 1)
    world.worker.cancel("r-0")
    traces.start()
    world.add("r-1", 2)
    world.begin(told)
    world.until(lambda: world.finished("r-1"))
    traces.stop(30)
    yield exporter
    provider.shutdown()


def test_run_step_model_call_and_test_run_hang_together(
    world: World, sent: InMemorySpanExporter
) -> None:
    spans = sent.get_finished_spans()
    names = [span.name for span in spans]
    assert set(names) == {"run", "READ", "GENERATE", "model call", "APPLY", "TEST", "test run"}
    (run,) = [span for span in spans if span.name == "run"]
    assert run.parent is None
    assert run.context
    assert dict(run.attributes or {})["stillwater.run"] == "r-1"
    by_id = {span.context.span_id: span for span in spans if span.context}
    for span in spans:
        if span is run:
            continue
        assert span.parent
        above = by_id[span.parent.span_id]
        expected = {"model call": "GENERATE", "test run": "TEST"}.get(span.name, "run")
        assert above.name == expected
        assert above.context
        assert span.context
        assert span.context.trace_id == above.context.trace_id
    assert names.count("model call") == names.count("test run") == 2


def test_a_step_has_the_times_and_the_digest_of_its_transition(
    world: World, sent: InMemorySpanExporter
) -> None:
    both = [span for span in sent.get_finished_spans() if span.name == "GENERATE"]
    # Which of the two machines is asked first is chance: both may be read at once.
    (first, _) = sorted(both, key=lambda span: str((span.attributes or {})["stillwater.instance"]))
    attributes = dict(first.attributes or {})
    steps = world.client.get(f"/api/machines/{attributes['stillwater.machine']}/transitions").json()
    (step,) = [one for one in steps["items"] if one["source"] == State.GENERATE]
    assert attributes["stillwater.sha256"] == step["sha256"]
    assert attributes["stillwater.instance"] == "i-0"
    assert first.start_time
    assert abs(first.start_time / 1e9 - world.store.run("r-1").created_at.timestamp()) < 600


def test_a_model_call_is_told_in_the_conventions_for_generative_ai(
    world: World, sent: InMemorySpanExporter
) -> None:
    (first, _) = [span for span in sent.get_finished_spans() if span.name == "model call"]
    assert dict(first.attributes or {}) == {
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 1200,
        "gen_ai.usage.output_tokens": 80,
        "stillwater.cached_tokens": 600,
    }
