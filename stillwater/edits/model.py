"""What an answer holds, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from stillwater.errors import StillwaterError


class EditError(StillwaterError):
    """The edits can't be applied. Its text is one sentence that the model can act on."""


@dataclass(frozen=True)
class Edit:
    """One block of an answer. `first` and `last` are the lines it states, 1-based and inclusive.

    `old`, of an answer that searches and replaces, is the text that `code` is to replace. `partial`
    says that the block spoke of definitions that it leaves out: they stay as they are.
    """

    path: str
    first: int | None
    last: int | None
    reasoning: str
    code: str
    old: str | None = None
    partial: bool = False


@dataclass(frozen=True)
class Reading:
    """What `read` found. Either there are edits, or `problem` says in a sentence why not."""

    edits: tuple[Edit, ...]
    repairs: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True)
class Placement:
    """Where an edit went: the lines of the base file that it replaced.

    `how` is `definition` (by its name), `lines` (as stated), `resemblance` (moved to the lines that
    it resembles), `old text` (where the text to replace stands), `whole file` or `import`. An
    insertion before line n has first n and last n - 1.
    """

    path: str
    how: str
    first: int
    last: int


@dataclass(frozen=True)
class Applied:
    """The new texts of the changed files, where each edit went, and what had to be repaired."""

    files: Mapping[str, str]
    placed: tuple[Placement, ...]
    repairs: tuple[str, ...]
