"""The first thing in which one transition differs from the recorded one, and both in words.

Compared are what the model was asked, the verdict of each test, the event and the artifacts; not
times, not logs (which tell times), not what the world did.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from stillwater.canonical import Json
from stillwater.machine import Event
from stillwater.snapshot import Past
from stillwater.steps.apply import own_words
from stillwater.store import Store

LONGEST = 1000
"""Characters of a value that are told: a file may be one line of any length."""
SAME = 100
"""Characters that are told of what is the same before a difference in a line."""
NOTHING = "(nothing)"


@dataclass(frozen=True)
class Told:
    """A difference in words: in what, and what it was then and is now."""

    what: str
    then: str
    now: str


@dataclass(frozen=True)
class Aspect:
    """Something that transitions tell; `of` is None for one that doesn't.

    Of a text `of` gives the digest of an artifact, of tests their statuses by their names.
    """

    name: str
    of: Callable[[Past], Json]
    is_text: bool = False


def _fact(name: str, called: str = "") -> Aspect:
    return Aspect(called or name.replace("_", " "), lambda past: past.evidence.get(name))


def _text(name: str, called: str = "") -> Aspect:
    return Aspect(called or name, lambda past: past.artifacts.get(name), is_text=True)


def _baseline(past: Past) -> Json:
    baseline = past.evidence.get("baseline")
    return baseline.get("tests") if isinstance(baseline, Mapping) else None


def _files(past: Past) -> Json:
    files = past.evidence.get("files")
    if not isinstance(files, Sequence):
        return None
    return [_file(one) for one in files if isinstance(one, Mapping)]


def _file(told: Mapping[str, Json]) -> Json:
    lines = told.get("lines")
    return f"{told.get('path')} lines {lines}" if lines else told.get("path")


def _crash(past: Past) -> Json:
    """What kind of error it was; its words may name throwaway folders."""
    if "traceback" not in past.artifacts:
        return None
    return ":".join(str(past.evidence.get("reason")).split(":")[:2])


def _problem(past: Past) -> Json:
    problem = past.evidence.get("problem")
    return own_words(problem) if isinstance(problem, str) else problem


def _event(past: Past) -> Json:
    return f"{past.source} --{past.event}--> {past.target}, attempt {past.attempt}"


EVENT = Aspect("event", _event)
ASPECTS = (
    *map(_fact, ("model", "temperature", "seed", "max_tokens", "num_ctx")),
    _text("prompt"),
    Aspect("verdict before any change", _baseline),
    _fact("visible", "verdict before any change, without test_patch"),
    _fact("tests", "verdict"),
    _fact("stopped"),
    Aspect("files shown", _files),
    _text("failing", "failures shown"),
    _text("tests", "tests shown"),
    _text("edits"),
    _text("patch"),
    Aspect("problem", _problem),
    Aspect("crash", _crash),
    _text("feedback"),
)
"""In the order in which one follows from the other."""


def differing(then: Past, now: Past) -> Aspect | None:
    """The first aspect in which they differ: of those that both tell, then the event, then others.

    Why an instance is invalid is not one: the words are the last that its tests printed.
    """
    found = [one for one in ASPECTS if one.of(then) != one.of(now)]
    both = [one for one in found if one.of(then) is not None and one.of(now) is not None]
    event = [EVENT] if _event(then) != _event(now) else []
    return next(iter([*both, *event, *found]), None)


def difference(then: Past, now: Past, old: Store, new: Store) -> Told | None:
    """That difference in words, with the artifacts of `then` from `old`, those of `now` from `new`.

    None where there is none. The words are as models and tests said them: not yet safe to print.
    """
    aspect = differing(then, now)
    if aspect is None:
        return None
    was, is_now = aspect.of(then), aspect.of(now)
    if aspect is EVENT:
        return Told(aspect.name, _why(then), _why(now))
    if aspect.is_text:
        return _lines(aspect.name, _content(old, was), _content(new, is_now))
    if isinstance(was, Mapping) and isinstance(is_now, Mapping):
        test = next(one for one in {**was, **is_now} if was.get(one) != is_now.get(one))
        return Told(f"{aspect.name} of {test}", _value(was.get(test)), _value(is_now.get(test)))
    return Told(aspect.name, _value(was), _value(is_now))


def _why(past: Past) -> str:
    said = past.evidence.get("problem") or past.evidence.get("reason")
    invalid = past.event in {Event.INVALID, Event.ABORT, Event.REJECTED, Event.UNUSABLE}
    return f"{_event(past)}: {said}" if said and invalid else str(_event(past))


def _value(value: Json) -> str:
    if value is None:
        return NOTHING
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:LONGEST]


def _content(store: Store, sha256: Json) -> str | None:
    if not isinstance(sha256, str):
        return None
    text = store.artifact(sha256).decode("utf-8", "replace")
    return _messages(text)


def _messages(text: str) -> str:
    """A prompt as a person reads it; any other text as it is."""
    try:
        return "\n".join(f"[{one['role']}]\n{one['content']}" for one in json.loads(text))
    except (ValueError, KeyError, TypeError):
        return text


def _lines(name: str, then: str | None, now: str | None) -> Told:
    if then is None or now is None:
        return Told(name, *(NOTHING if one is None else one[:LONGEST] for one in (then, now)))
    pairs = enumerate(zip_longest(then.split("\n"), now.split("\n")), 1)
    number, was, is_now = next((n, a, b) for n, (a, b) in pairs if a != b)
    both = enumerate(zip(was or "", is_now or "", strict=False))
    same = next((at for at, (a, b) in both if a != b), min(len(was or ""), len(is_now or "")))
    return Told(f"{name}, line {number}", _from(was, same), _from(is_now, same))


def _from(line: str | None, same: int) -> str:
    """The line, or of a long one the part around the first character that differs."""
    if line is None or same <= SAME:
        return _value(line)
    return _value("…" + line[same - SAME :])
