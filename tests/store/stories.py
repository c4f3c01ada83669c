"""Short histories of machines, committed to a store."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from stillwater.canonical import Json
from stillwater.machine import FINAL, Event, State, edges
from stillwater.seal import seal
from stillwater.snapshot import Artifact, Past
from stillwater.store import Store
from stillwater.store.times import Clock

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATASET = "d" * 64
ROWS: list[dict[str, Json]] = [
    {"instance_id": "tide__tide-1", "repo": "tide/tide", "problem_statement": "grüße"},
    {"instance_id": "moss__moss-2", "repo": "moss/moss", "problem_statement": "a\nb"},
]


def ticking() -> Clock:
    """A clock that goes on by a second whenever it's looked at."""
    ticks = count()
    return lambda: START + timedelta(seconds=next(ticks))


def new_run(store: Store, run_id: str = "run-1", arms: tuple[str, ...] = ("default",)) -> None:
    store.create_run(
        run_id=run_id,
        dataset="samples",
        dataset_sha256=DATASET,
        config={"attempts": 3},
        version="0.1.0",
        rows=ROWS,
        arms=dict.fromkeys(arms, "small"),
    )


def fire_on(
    store: Store,
    machine_id: int,
    event: Event,
    evidence: Mapping[str, Json] | None = None,
    blobs: Mapping[str, str] | None = None,
) -> Past:
    row = store.machine(machine_id)
    start = START + timedelta(minutes=row.seq)
    return store.commit(
        machine_id,
        expect_seq=row.seq,
        event=event,
        sealed=seal(evidence or {}, {k: Artifact(k, v.encode()) for k, v in (blobs or {}).items()}),
        started_at=start,
        finished_at=start + timedelta(seconds=1.5),
        attempt=row.attempt,
        next_attempt=row.attempt + (event is Event.RETRY),
    )


def asked(model: str = "small", **more: Json) -> dict[str, Json]:
    """The evidence of an answered prompt."""
    usage: Json = {"prompt_tokens": 100, "completion_tokens": 20, "cached_tokens": None}
    return {"model": model, "usage": usage, "finish_reason": "stop", "seconds": 2.5, **more}


def judged(**status: str) -> dict[str, Json]:
    """The evidence of tests that were run."""
    passed = [test for test, result in status.items() if result == "PASSED"]
    failed = [test for test in status if test not in passed]
    return {
        "tests": status,
        "fail_to_pass": {"passed": passed, "failed": failed},
        "pass_to_pass": {"passed_count": 4, "failed": []},
        "seconds": 1.0,
    }


def repair_at_second_attempt(store: Store, machine_id: int) -> None:
    """A whole story: cut off, deferred, then failed tests, then verified."""
    fire_on(store, machine_id, Event.READ, {"files": [], "baseline": {"tests": {"t": "FAILED"}}})
    fire_on(store, machine_id, Event.DEFER, {"reason": "model is down", "wait_seconds": 2})
    fire_on(store, machine_id, Event.PROPOSED, asked(), {"prompt": "p1", "completion": "c1"})
    fire_on(store, machine_id, Event.APPLIED, {"changed": ["a.py"]}, {"patch": "patch 1"})
    fire_on(store, machine_id, Event.FAILED, judged(t="FAILED"), {"log": "log 1"})
    fire_on(store, machine_id, Event.RETRY, {"reason": "tests failed", "model": "small"})
    fire_on(store, machine_id, Event.PROPOSED, asked(), {"prompt": "p2", "completion": "c2"})
    fire_on(store, machine_id, Event.APPLIED, {"changed": ["a.py"]}, {"patch": "patch 2"})
    fire_on(store, machine_id, Event.PASSED, judged(t="PASSED"), {"log": "log 2"})


def exhaust(store: Store, machine_id: int) -> None:
    """A story that ends badly at once: an answer that the limit cut off, and none left."""
    fire_on(store, machine_id, Event.READ, {"files": [], "baseline": {"tests": {"t": "FAILED"}}})
    cut = asked(finish_reason="length", problem="cut off")
    fire_on(store, machine_id, Event.UNUSABLE, cut, {"prompt": "p", "completion": "c"})
    fire_on(store, machine_id, Event.EXHAUSTED, {"reason": "no attempts are left"})


ODD: tuple[Json, ...] = (None, "", "small", "größer", 'it\'s\n"quoted"', 0, 7, 2.25, 1e-7, True)
"""What a field of the evidence may hold, whatever it should hold."""


def wander(store: Store, machine_id: int, chance: random.Random, most: int = 12) -> None:
    """Any legal story, with evidence that lacks fields and has some of other types."""
    leaving = {state: [event for source, event, _ in edges() if source is state] for state in State}
    for _ in range(most):
        row = store.machine(machine_id)
        if row.state in FINAL:
            return
        events = [one for one in leaving[row.state] if one is not Event.RETRY or row.attempt < 4]
        event = chance.choice(events)
        fire_on(store, machine_id, event, _anything(chance), _artifacts(chance, event))


def _anything(chance: random.Random) -> dict[str, Json]:
    usage: Json = {
        name: chance.choice((None, 0, 100, 12345))
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens")
        if chance.random() < 0.7
    }
    tests: Json = {f"tests/t.py::ä{n}": chance.choice(("PASSED", "FAILED")) for n in range(2)}
    whole: dict[str, Json] = {
        "usage": chance.choice((usage, None)),
        "seconds": chance.choice((None, 0, 3, 2.5)),
        "reason": chance.choice(("tests failed", 'it\'s\n"odd"', "")),
        "wait_seconds": chance.choice((1, 2.5)),
        "tests": tests,
        "baseline": {"tests": tests},
        "other": chance.choice(ODD),
    }
    kept = {name: value for name, value in whole.items() if chance.random() < 0.8}
    return {"model": chance.choice(("small", "größer")), **kept}


def _artifacts(chance: random.Random, event: Event) -> dict[str, str]:
    made = {Event.PROPOSED: ("prompt", "completion"), Event.APPLIED: ("patch",)}
    return {name: f"{name} {chance.randrange(5)}" for name in made.get(event, ())}
