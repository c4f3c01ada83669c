"""Query strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from waypost.encoding import decode, encode


class Query:
    """Keys with one or more values, in the order in which they came."""

    def __init__(self, pairs: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        self._pairs = list(pairs.items() if isinstance(pairs, Mapping) else pairs)

    @classmethod
    def parse(cls, text: str) -> Query:
        """Read ``a=1&b=two+words``, with or without the question mark."""
        pairs = []
        for part in text.removeprefix("?").split("&"):
            if part:
                key, _, value = part.partition("=")
                pairs.append((_decode(key), _decode(value)))
        return cls(pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __contains__(self, key: str) -> bool:
        return any(name == key for name, _ in self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self._pairs == other._pairs

    def __str__(self) -> str:
        return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in self._pairs)

    def get(self, key: str, default: str | None = None) -> str | None:
        """The first value of a key."""
        return next((value for name, value in self._pairs if name == key), default)

    def all(self, key: str) -> list[str]:
        """Every value of a key."""
        return [value for name, value in self._pairs if name == key]

    def get_int(self, key: str, default: int | None = None) -> int | None:
        """The first value as a whole number, or ``default`` when it is none."""
        try:
            return int(self.get(key) or "")
        except ValueError:
            return default

    def replace(self, key: str, value: str | None) -> Query:
        """A new query in which the key has just this value, in its old place; None drops it."""
        pairs: list[tuple[str, str]] = []
        placed = value is None
        for name, old in self._pairs:
            if name != key:
                pairs.append((name, old))
            elif not placed:
                pairs.append((key, value or ""))
                placed = True
        if not placed:
            pairs.append((key, value or ""))
        return Query(pairs)


def _decode(text: str) -> str:
    return decode(text.replace("+", " "))


def _encode(text: str) -> str:
    return encode(text, keep=" ").replace(" ", "+")
