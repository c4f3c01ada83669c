"""APPLY: the edits onto the base commit's files, all or none, and the patch that they make."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stillwater import edits
from stillwater.canonical import Json, digest
from stillwater.git import RepositoryError
from stillwater.machine import Event
from stillwater.repository import touched
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps.tools import Tools

_OF_OTHERS = re.compile(r"(would no longer compile|git apply:).*", re.DOTALL)


def own_words(problem: str) -> str:
    """The problem of a `rejected` without what Python's compiler or git says in it: each version of
    theirs words that otherwise."""
    return _OF_OTHERS.sub(r"\1", problem)


def apply(snapshot: Snapshot, tools: Tools) -> Outcome:
    """Outcome `applied` with the patch, or `rejected` with what is wrong."""
    proposed = snapshot.last(Event.PROPOSED, snapshot.attempt)
    if proposed is None:
        raise ValueError(f"machine {snapshot.machine_id} is in APPLY without edits")
    instance = snapshot.instance
    store = tools.repositories.ensure(instance)
    paths = tools.repositories.paths(store, instance.base_commit)
    wanted = [edits.Edit(**one) for one in json.loads(snapshot.text(proposed, "edits"))]
    hidden = frozenset(touched(instance.test_patch))
    source = _Base(tools, store, paths)

    def protected(path: str) -> bool:
        return path in hidden or edits.is_protected(path)

    try:
        applied = _applied(snapshot, tools, wanted, source, protected)
    except edits.EditError as error:
        return Outcome(Event.REJECTED, {"problem": str(error)})
    base = {path: source.read(path) or "" for path in applied.files}
    patch = edits.diff(base, applied.files)
    essence = digest(edits.normalised(patch).encode("utf-8", "replace"))
    facts: dict[str, Json] = {
        "essence": essence,
        "placed": [
            {"path": one.path, "how": one.how, "first": one.first, "last": one.last}
            for one in applied.placed
        ],
        "changed": sorted(applied.files),
        "repairs": list(applied.repairs),
    }
    artifacts = {"patch": Artifact("patch", patch.encode(), "text/x-diff; charset=utf-8")}
    repeated = _repeated(snapshot, essence)
    if repeated:
        problem = f"this is the same patch as attempt {repeated}, which did not repair the bug"
        return Outcome(Event.REJECTED, {"problem": problem, "repeats": repeated}, artifacts)
    return Outcome(Event.APPLIED, facts, artifacts)


def _applied(
    snapshot: Snapshot,
    tools: Tools,
    wanted: Sequence[edits.Edit],
    source: "_Base",
    protected: Callable[[str], bool],
) -> edits.Applied:
    if snapshot.config.applying == "forgiving":
        return edits.apply(wanted, source, protected=protected, shown=_shown(snapshot))
    if snapshot.config.applying == "strict":
        return edits.apply_strictly(wanted, source, protected=protected)
    return _applied_by_git(wanted[0].code, tools, source, protected)


def _applied_by_git(
    patch: str, tools: Tools, source: "_Base", protected: Callable[[str], bool]
) -> edits.Applied:
    texts = {path: text for path in touched(patch) if (text := source.read(path)) is not None}
    for path in texts:
        if protected(path):
            raise edits.EditError(f"{path} is a test or configures tests and must not be changed.")
    try:
        files = tools.repositories.patched(texts, patch)
    except RepositoryError as error:
        raise edits.EditError(f"git apply: {error}.") from error
    changed = {path: text for path, text in files.items() if text != texts[path]}
    if not changed:
        raise edits.EditError("The diff changes no file that is there.")
    return edits.Applied(changed, (), ())


def _shown(snapshot: Snapshot) -> list[str]:
    """The paths of the files in the prompt."""
    read = snapshot.last(Event.READ)
    files = read.evidence.get("files") if read else None
    listed = files if isinstance(files, Sequence) else ()
    return [str(one["path"]) for one in listed if isinstance(one, Mapping)]


class _Base:
    """The base commit's files, read when an edit names them."""

    def __init__(self, tools: Tools, store: Path, paths: Mapping[str, str]) -> None:
        self._tools, self._store, self._paths = tools, store, paths
        self._read: dict[str, str | None] = {}

    def paths(self) -> list[str]:
        return list(self._paths)

    def read(self, path: str) -> str | None:
        if path not in self._paths:
            return None
        if path not in self._read:
            found = self._tools.repositories.texts(self._store, {path: self._paths[path]})
            self._read[path] = found.get(path)
        return self._read[path]


def _repeated(snapshot: Snapshot, essence: str) -> int | None:
    for past in snapshot.past:
        earlier = past.event is Event.APPLIED and past.attempt < snapshot.attempt
        if earlier and past.evidence.get("essence") == essence:
            return past.attempt
    return None
