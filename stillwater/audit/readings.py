"""Edits follow from completions: each answer is read again."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from stillwater.audit.bases import Bases, NotCached
from stillwater.audit.past import Case
from stillwater.canonical import digest
from stillwater.edits import Reading
from stillwater.machine import Event
from stillwater.steps.generate import listed, reading


def check(case: Case, bases: Bases) -> str | None:
    """Read the completion again; why that can't be done, or None. Raises Broken."""
    text, reason = case.text("completion"), str(case.facts["finish_reason"])
    try:
        readings = [reading(case.given.config, text, reason, _known(case, bases))]
        why = ""
    except NotCached as error:
        # What the model was shown matters for marks of code left out alone: between these two lies
        # what it read.
        between: tuple[Collection[str], ...] = frozenset(), _Anything()
        readings = [reading(case.given.config, text, reason, known) for known in between]
        why = str(error)
    problems = [_difference(case, one) for one in readings]
    if None in problems:
        return None
    if len(set(map(str, readings))) > 1:
        return why
    raise case.broken(problems[0] or "")


class _Anything(Collection[str]):
    """Every line, as if the model had been shown it."""

    def __contains__(self, line: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


def _known(case: Case, bases: Bases) -> frozenset[str]:
    """The lines of the files that the model was shown."""
    if case.given.config.applying != "forgiving":
        return frozenset()
    commit = case.given.instance.base_commit
    store = bases.ensure(case.given.instance)
    read = case.given.last(Event.READ)
    files = read.evidence.get("files") if read else None
    listed = files if isinstance(files, Sequence) else ()
    names = [str(one["path"]) for one in listed if isinstance(one, Mapping)]
    paths = bases.paths(store, commit)
    texts = bases.texts(store, {path: paths[path] for path in names if path in paths})
    return frozenset(line.strip() for text in texts.values() for line in text.splitlines())


def _difference(case: Case, found: Reading) -> str | None:
    """In what the transition differs from what was read, if in anything."""
    event, facts = case.now.event, case.facts
    if found.problem is not None:
        if event is not Event.UNUSABLE:
            return f"it says {event.value}, but its completion is unusable: {found.problem}"
        if facts.get("problem") != found.problem:
            return f"the problem of its completion is another: {found.problem}"
    elif event is not Event.PROPOSED:
        return f"it says {event.value}, but its completion holds edits"
    elif case.now.artifacts.get("edits") != digest(listed(found)):
        return "its edits don't follow from its completion"
    if facts.get("repairs") != list(found.repairs):
        return "the repairs it names don't follow from its completion"
    return None
