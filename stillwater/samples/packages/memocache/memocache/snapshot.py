"""Saving a cache as plain data, and filling it again."""

from __future__ import annotations

from typing import Any

from memocache.cache import Cache


def dump(cache: Cache) -> list[dict[str, Any]]:
    """Live entries, least recently used first, with the seconds they have left."""
    missing = object()
    rows = []
    for key in list(cache.keys()):
        left = cache.remaining(key)
        value = cache.get(key, missing)
        if value is not missing:
            rows.append({"key": key, "value": value, "ttl": left})
    return rows


def restore(cache: Cache, rows: list[dict[str, Any]]) -> None:
    """Add dumped entries; what is newer in the cache already is kept."""
    for row in rows:
        if row["key"] not in cache:
            cache.set(row["key"], row["value"], ttl=row["ttl"])
