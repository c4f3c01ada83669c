"""The base files of instances, as far as the repositories' cache has them: nothing is fetched."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stillwater.datasets import Instance
from stillwater.errors import WorldError
from stillwater.repository import Repositories


class NotCached(WorldError):
    """The base commit is not in the cache."""


@dataclass(frozen=True)
class Bases(Repositories):
    """The cache under `home`, read only. What was read last is remembered."""

    _held: dict[tuple[str, str], Path | None] = field(default_factory=dict, compare=False)
    _paths: dict[tuple[Path, str], dict[str, str]] = field(default_factory=dict, compare=False)
    _texts: dict[str, str | None] = field(default_factory=dict, compare=False)

    def ensure(self, instance: Instance) -> Path:
        """The git directory that holds the base commit; NotCached if none does."""
        key = self.url(instance), instance.base_commit
        if key not in self._held:
            self._held[key] = self.held(instance)
        found = self._held[key]
        if found is None:
            raise NotCached("the base commit is not in the repositories' cache")
        return found

    def paths(self, store: Path, commit: str) -> dict[str, str]:
        """As Repositories.paths."""
        if (store, commit) not in self._paths:
            # Machines of one commit follow one another; no need to keep every commit's.
            self._paths.clear()
            self._texts.clear()
            self._paths[store, commit] = super().paths(store, commit)
        return self._paths[store, commit]

    def texts(self, store: Path, blobs: Mapping[str, str]) -> dict[str, str]:
        """As Repositories.texts."""
        missing = {path: blob for path, blob in blobs.items() if blob not in self._texts}
        read = super().texts(store, missing)
        self._texts.update({blob: read.get(path) for path, blob in missing.items()})
        found = {path: self._texts[blob] for path, blob in blobs.items()}
        return {path: text for path, text in found.items() if text is not None}

    def patched(
        self, texts: Mapping[str, str], patch: str, made: Sequence[str] = ()
    ) -> dict[str, str]:
        """As Repositories.patched, in a folder of the auditor's."""
        with tempfile.TemporaryDirectory(prefix="stillwater-audit-") as folder:
            return Repositories(Path(folder), "").patched(texts, patch, made)
