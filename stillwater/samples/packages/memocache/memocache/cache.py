"""The cache itself."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from memocache.clock import Clock
from memocache.stats import Stats

MISSING: Any = object()


@dataclass
class Entry:
    """A value, and when it is no longer good; None is never."""

    value: Any
    expires: float | None

    def is_expired(self, now: float) -> bool:
        """True from the very moment of expiry on."""
        return self.expires is not None and now >= self.expires


class Cache:
    """At most ``maxsize`` values, each for ``ttl`` seconds; None lifts either limit.

    ``on_evict`` is called with key and value when a live entry has to make room.
    """

    def __init__(
        self,
        maxsize: int | None = 128,
        ttl: float | None = None,
        clock: Clock = time.monotonic,
        on_evict: Callable[[Hashable, Any], None] | None = None,
    ) -> None:
        if maxsize is not None and maxsize < 1:
            raise ValueError("maxsize must be at least 1, or None")
        self.maxsize = maxsize
        self.ttl = ttl
        self.stats = Stats()
        self._clock = clock
        self._on_evict = on_evict
        # Least recently used first.
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()

    def __len__(self) -> int:
        """How many entries are alive."""
        self.purge()
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        """True for a live entry; does not count as use."""
        entry = self._entries.get(key)
        return entry is not None and not entry.is_expired(self._clock())

    def keys(self) -> Iterator[Hashable]:
        """Keys of live entries, least recently used first."""
        self.purge()
        return iter(list(self._entries))

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value, or ``default``; counts as a hit or a miss."""
        entry = self._entries.get(key)
        if entry is not None and entry.is_expired(self._clock()):
            del self._entries[key]
            self.stats.expirations += 1
            entry = None
        if entry is None:
            self.stats.misses += 1
            return default
        self._entries.move_to_end(key)
        self.stats.hits += 1
        return entry.value

    def set(self, key: Hashable, value: Any, ttl: float | None = None) -> None:
        """Keep a value; ``ttl`` overrides the lifetime the cache gives."""
        if key not in self._entries:
            self._make_room()
        lifetime = self.ttl if ttl is None else ttl
        expires = None if lifetime is None else self._clock() + lifetime
        self._entries[key] = Entry(value, expires)
        self._entries.move_to_end(key)

    def get_or_compute(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The value, which ``compute`` makes if it is not there."""
        value = self.get(key, MISSING)
        if value is MISSING:
            value = compute()
            self.set(key, value)
        return value

    def delete(self, key: Hashable) -> bool:
        """Forget a key; True if it was there."""
        return self._entries.pop(key, None) is not None

    def clear(self) -> None:
        """Forget everything; the statistics stay."""
        self._entries.clear()

    def purge(self) -> int:
        """Drop expired entries; returns how many."""
        now = self._clock()
        expired = [key for key, entry in self._entries.items() if entry.is_expired(now)]
        for key in expired:
            del self._entries[key]
        self.stats.expirations += len(expired)
        return len(expired)

    def remaining(self, key: Hashable) -> float | None:
        """Seconds a live entry has left, or None when it has no limit; KeyError when it is gone."""
        if key not in self:
            raise KeyError(key)
        expires = self._entries[key].expires
        return None if expires is None else expires - self._clock()

    def _make_room(self) -> None:
        if self.maxsize is None or len(self._entries) < self.maxsize:
            return
        # An entry that is no longer good must not push out one that is.
        if self.purge():
            return
        key, entry = self._entries.popitem(last=False)
        self.stats.evictions += 1
        if self._on_evict is not None:
            self._on_evict(key, entry.value)
