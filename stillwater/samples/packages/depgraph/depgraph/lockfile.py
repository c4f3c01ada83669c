"""Writing a choice down, and reading it back."""

from __future__ import annotations

from depgraph.errors import LockError
from depgraph.index import Index
from depgraph.resolver import Choice
from depgraph.version import Version

HEADING = "# depgraph lock 1"


def lock(choice: Choice) -> str:
    """Text with one line for each package, sorted."""
    return "\n".join([HEADING, *(f"{name}=={choice[name]}" for name in sorted(choice))]) + "\n"


def unlock(text: str, index: Index | None = None) -> Choice:
    """Read what ``lock`` wrote; with an index, every version must still be there."""
    lines = text.splitlines()
    if not lines or lines[0] != HEADING:
        raise LockError("not a lock file of this version")
    choice: Choice = {}
    for number, line in enumerate(lines[1:], start=2):
        name, sign, version = line.partition("==")
        if not sign:
            raise LockError(f"line {number}: expected name==version: {line!r}")
        try:
            choice[name] = Version(version)
        except ValueError as error:
            raise LockError(f"line {number}: {error}") from error
        if index is not None and choice[name] not in index.candidates(name, []):
            raise LockError(f"line {number}: {name} {version} is no longer there")
    return choice
