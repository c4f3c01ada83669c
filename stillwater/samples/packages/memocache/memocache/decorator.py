"""Remembering what a function returned."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Hashable
from typing import Any

from memocache.cache import Cache
from memocache.clock import Clock

# Keeps f(1, ("a", 2)) and f(1, a=2) apart.
_KEYWORDS = object()


def make_key(args: tuple[Any, ...], kwargs: dict[str, Any], typed: bool = False) -> Hashable:
    """A key for one call; ``typed`` tells 1 and 1.0 apart."""
    named = sorted(kwargs.items())
    key: tuple[Any, ...] = (*args, _KEYWORDS, *named) if named else args
    if typed:
        values = (*args, *(value for _, value in named))
        key = (*key, *(type(value) for value in values))
    return key


def memoize(
    maxsize: int | None = 128,
    ttl: float | None = None,
    typed: bool = False,
    clock: Clock = time.monotonic,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function of hashable arguments; its cache is the attribute ``cache``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        cache = Cache(maxsize=maxsize, ttl=ttl, clock=clock)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            key = make_key(args, kwargs, typed)
            return cache.get_or_compute(key, lambda: function(*args, **kwargs))

        wrapper.cache = cache  # type: ignore[attr-defined]
        return wrapper

    return decorate
