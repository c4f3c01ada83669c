"""What a cache counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stats:
    """Counters since the cache was made, or since ``reset``."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    expirations: int = 0

    @property
    def requests(self) -> int:
        """How often something was asked for."""
        return self.hits + self.misses

    @property
    def hit_rate(self) -> float:
        """Hits as a share of all requests; 0 when there were none."""
        return self.hits / self.requests if self.requests else 0.0

    def reset(self) -> None:
        """Start counting anew."""
        self.hits = self.misses = self.evictions = self.expirations = 0
