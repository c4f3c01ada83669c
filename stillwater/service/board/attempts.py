"""A machine's transitions as its page tells them: by attempt, each part with its artifacts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stillwater.machine import Event, State
from stillwater.service.board import excerpts
from stillwater.service.board.excerpts import Excerpt
from stillwater.store import Store
from stillwater.store.queries import Step
from stillwater.telling.facts import counts, facts, mappings, not_passing, sequence
from stillwater.telling.machines import artifacts_of
from stillwater.telling.text import one_line

MOST_TESTS = 50
ASKED = ("model", "temperature", "seed", "max_tokens", "num_ctx", "finish_reason", "seconds")


@dataclass(frozen=True)
class ReadFile:
    """A file that was read, which lines of it, and why."""

    path: str
    lines: str
    why: str


@dataclass(frozen=True)
class Part:
    """One step of an attempt: what it is, what matters, and its artifacts."""

    seq: int
    heading: str
    told: str
    tone: str = ""
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shown: Sequence[Excerpt] = ()
    files: Sequence[ReadFile] = ()
    is_open: bool = False


@dataclass(frozen=True)
class Attempt:
    """The parts of one attempt; number 0 is READ, which comes before the first."""

    number: int
    outcome: str
    tone: str
    parts: Sequence[Part]


def attempts(store: Store, steps: Sequence[Step]) -> list[Attempt]:
    """The attempts of a machine, in their order; the last is open, unless it was verified."""
    grouped: dict[int, list[Step]] = {}
    for step in steps:
        number = 0 if step.source is State.READ else step.attempt
        grouped.setdefault(number, []).append(step)
    verified = bool(steps) and steps[-1].event is Event.PASSED
    last = None if verified else max(grouped, default=0)
    return [
        Attempt(
            number,
            *_outcome(number, own),
            [part for step in own for part in _parts(store, step, number == last)],
        )
        for number, own in grouped.items()
    ]


def _outcome(number: int, steps: Sequence[Step]) -> tuple[str, str]:
    """How it ended, in a word and the colour of it."""
    told = [one for one in steps if one.event not in {Event.RETRY, Event.EXHAUSTED, Event.DEFER}]
    if number == 0:
        return ("", "") if any(one.event is Event.READ for one in told) else _ended(told)
    ended = [one for one in told if one.event not in {Event.PROPOSED, Event.APPLIED}]
    return _ended(ended) if ended else ("not ended", "")


def _ended(steps: Sequence[Step]) -> tuple[str, str]:
    if not steps:
        return "deferred", "is-failed"
    event = steps[-1].event
    return str(event), "is-verified" if event is Event.PASSED else "is-failed"


def _parts(store: Store, step: Step, is_last: bool) -> Iterator[Part]:
    match step.event:
        case Event.READ:
            yield from _read(store, step)
        case Event.PROPOSED | Event.UNUSABLE:
            yield from _asked(store, step)
        case Event.APPLIED | Event.REJECTED:
            yield _applied(store, step, is_last)
        case Event.PASSED | Event.FAILED | Event.REFUTED:
            yield _tested(store, step, is_last)
        case Event.RETRY | Event.EXHAUSTED:
            yield Part(
                step.seq,
                "Feedback told" if step.event is Event.RETRY else "Feedback, told to nobody",
                facts(step.event, step.evidence),
                shown=_plain(store, step, "feedback", "feedback"),
            )
        case Event.DEFER:
            told = facts(step.event, step.evidence)
            yield Part(
                step.seq, "Deferred: the world failed, no attempt was spent", told, "is-wait"
            )
        case Event.INVALID | Event.ABORT:
            heading = "Invalid" if step.event is Event.INVALID else "Aborted"
            told = facts(step.event, step.evidence)
            yield Part(step.seq, heading, told, "is-failed", shown=_log(store, step), is_open=True)


def _read(store: Store, step: Step) -> Iterator[Part]:
    files = [
        ReadFile(
            one_line(str(one.get("path")), 200),
            "; ".join(f"{part[0]}–{part[1]}" for part in sequence(one.get("lines"))) or "all",
            one_line("; ".join(map(str, sequence(one.get("why")))), 400),
        )
        for one in mappings(step.evidence.get("files"))
    ]
    baseline = step.evidence.get("baseline")
    before = counts(baseline) if isinstance(baseline, Mapping) else ""
    told = "1 file" if len(files) == 1 else f"{len(files)} files"
    yield Part(step.seq, "Files read, and why", told, files=files, is_open=True)
    yield Part(
        step.seq,
        "Tests before any change",
        before,
        shown=[*_plain(store, step, "failing", "what fails, as it is told"), *_log(store, step)],
    )


def _asked(store: Store, step: Step) -> Iterator[Part]:
    told = ", ".join(f"{n} {step.evidence[n]}" for n in ASKED if step.evidence.get(n) is not None)
    named = artifacts_of(step)
    if "prompt" in named:
        sha256 = named["prompt"]
        shown = excerpts.messages(sha256, store.artifact(sha256))
        yield Part(step.seq, "Prompt", one_line(told, 300), shown=shown)
    repairs = _lines(step.evidence.get("repairs"))
    unusable = step.event is Event.UNUSABLE
    yield Part(
        step.seq,
        "Answer, which holds no edit" if unusable else "Answer",
        facts(step.event, step.evidence),
        "is-failed" if unusable else "",
        {"Repaired in reading it": repairs} if repairs else {},
        _plain(store, step, "completion", "answer"),
        is_open=unusable,
    )


def _applied(store: Store, step: Step, is_last: bool) -> Part:
    named = artifacts_of(step)
    shown = []
    if "patch" in named:
        shown.append(excerpts.patch(named["patch"], store.artifact(named["patch"])))
    repairs = _lines(step.evidence.get("repairs"))
    rejected = step.event is Event.REJECTED
    return Part(
        step.seq,
        "Edits rejected" if rejected else "Patch",
        facts(step.event, step.evidence),
        "is-failed" if rejected else "",
        {"Repaired in placing it": repairs} if repairs else {},
        shown,
        is_open=is_last,
    )


def _tested(store: Store, step: Step, is_last: bool) -> Part:
    failing = [one_line(test, 300) for test in not_passing(step.evidence)]
    more = [f"and {len(failing) - MOST_TESTS} more"] if len(failing) > MOST_TESTS else []
    passed = step.event is Event.PASSED
    return Part(
        step.seq,
        f"Tests {step.event}",
        facts(step.event, step.evidence),
        "is-verified" if passed else "is-failed",
        {"Not passing": failing[:MOST_TESTS] + more} if failing else {},
        _log(store, step),
        is_open=is_last and not passed,
    )


def _plain(store: Store, step: Step, name: str, label: str) -> list[Excerpt]:
    sha256 = artifacts_of(step).get(name)
    return [excerpts.plain(label, sha256, store.artifact(sha256))] if sha256 else []


def _log(store: Store, step: Step) -> list[Excerpt]:
    named = artifacts_of(step)
    sha256 = named.get("log") or named.get("traceback")
    return [excerpts.log(sha256, store.artifact(sha256))] if sha256 else []


def _lines(values: object) -> list[str]:
    return [one_line(str(one), 300) for one in sequence(values)]
