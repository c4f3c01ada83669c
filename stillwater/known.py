"""What commits hold never changes: what was read of one lately needn't be asked of git again.

A machine asks for the same few files in each of its steps, and each question is a process.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from stillwater.git import entries

COMMITS = 8
"""How many commits' listings are kept: some hundred bytes for each of their files."""
CHARACTERS = 8 << 20
"""How many characters of blobs are kept."""
FEW = 32
"""More blobs than these at once are a whole repository, which is read once a machine."""


@lru_cache(maxsize=COMMITS)
def blobs_and_sizes(store: Path, commit: str) -> Mapping[str, tuple[str, int]]:
    """The blob and the size of each regular file of a commit, by path; raises as `entries` does."""
    return {one.path: (one.blob, one.size) for one in entries(store, commit) if one.is_regular}


@dataclass
class Recent:
    """The texts of the blobs that were read last, up to `most` characters."""

    most: int = CHARACTERS
    _texts: "OrderedDict[str, str]" = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _held: int = field(default=0, init=False)

    def get(self, blobs: Mapping[str, str]) -> dict[str, str]:
        """Those texts of `blobs` (path to blob name) that are here, by path."""
        found: dict[str, str] = {}
        with self._lock:
            for path, blob in blobs.items():
                if blob in self._texts:
                    self._texts.move_to_end(blob)
                    found[path] = self._texts[blob]
        return found

    def put(self, blob: str, text: str) -> None:
        """Keep it, and let the oldest go."""
        with self._lock:
            if blob not in self._texts:
                self._held += len(text)
            self._texts[blob] = text
            while self._held > self.most:
                _, gone = self._texts.popitem(last=False)
                self._held -= len(gone)
