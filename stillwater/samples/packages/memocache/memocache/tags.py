"""Entries that can be dropped together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from memocache.cache import Cache


class TaggedCache:
    """A cache whose entries carry tags."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._keys: dict[str, set[Hashable]] = {}

    def get(self, key: Hashable, default: Any = None) -> Any:
        """As ``Cache.get``."""
        return self.cache.get(key, default)

    def set(self, key: Hashable, value: Any, tags: Iterable[str] = ()) -> None:
        """Keep a value under these tags, and no others it had before."""
        for keys in self._keys.values():
            keys.discard(key)
        for tag in tags:
            self._keys.setdefault(tag, set()).add(key)
        self.cache.set(key, value)

    def drop(self, tag: str) -> int:
        """Forget every entry of a tag; returns how many were still there."""
        keys = self._keys.pop(tag, set())
        return sum(self.cache.delete(key) for key in keys)
