"""Where texts come from: anything that lists paths and reads one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Source(Protocol):
    """The files of one commit, by path relative to the repository's root."""

    def paths(self) -> Sequence[str]:
        """Every path, in any order."""

    def read(self, path: str) -> str | None:
        """The text, or None where there is no such file or it isn't text."""


@dataclass(frozen=True)
class Texts:
    """A source that holds its texts in memory."""

    texts: Mapping[str, str]

    def paths(self) -> Sequence[str]:
        """Every path, in the mapping's order."""
        return tuple(self.texts)

    def read(self, path: str) -> str | None:
        """The text of `path`, if it is there."""
        return self.texts.get(path)


def source_of(files: Source | Mapping[str, str]) -> Source:
    """`files` as a source, whichever it is."""
    return Texts(files) if isinstance(files, Mapping) else files
