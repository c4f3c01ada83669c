"""A small cache with a size limit, lifetimes and statistics."""

from memocache.cache import Cache
from memocache.clock import ManualClock
from memocache.decorator import memoize
from memocache.snapshot import dump, restore
from memocache.stats import Stats
from memocache.tags import TaggedCache

__all__ = ["Cache", "ManualClock", "Stats", "TaggedCache", "dump", "memoize", "restore"]
