"""Patterns such as ``/users/<int:id>``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waypost.encoding import decode
from waypost.errors import RouteError


@dataclass(frozen=True)
class Converter:
    """What a placeholder matches, and what it becomes."""

    regex: str
    convert: Callable[[str], Any] = str


CONVERTERS = {
    "str": Converter(r"[^/]+"),
    "int": Converter(r"\d+", int),
    "slug": Converter(r"[a-z0-9]+(?:-[a-z0-9]+)*"),
    "path": Converter(r".+?"),
}

_PLACEHOLDER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>[A-Za-z_]\w*)>")


class Pattern:
    """A compiled pattern. ``parts`` alternates literal text and (kind, name) placeholders."""

    def __init__(self, text: str) -> None:
        if not text.startswith("/"):
            raise RouteError(f"a pattern begins with a slash: {text!r}")
        self.text = text
        self.parts: list[str | tuple[str, str]] = []
        self._regex = re.compile(self._translate())

    def _translate(self) -> str:
        position, out = 0, []
        for found in _PLACEHOLDER.finditer(self.text):
            literal = self.text[position : found.start()]
            kind, name = found["kind"] or "str", found["name"]
            if kind not in CONVERTERS:
                raise RouteError(f"unknown kind {kind!r} in {self.text!r}")
            if name in self.names:
                raise RouteError(f"{name!r} twice in {self.text!r}")
            self.parts += [literal, (kind, name)]
            out.append(f"{re.escape(literal)}(?P<{name}>{CONVERTERS[kind].regex})")
            position = found.end()
        literal = self.text[position:]
        if "<" in literal or ">" in literal:
            raise RouteError(f"bad placeholder in {self.text!r}")
        self.parts.append(literal)
        return "".join(out) + re.escape(literal)

    @property
    def names(self) -> list[str]:
        """Names of the placeholders, from left to right."""
        return [part[1] for part in self.parts if not isinstance(part, str)]

    @property
    def weight(self) -> int:
        """How much of the pattern is literal; the heavier one is tried first."""
        return sum(len(part) for part in self.parts if isinstance(part, str))

    def match(self, path: str) -> dict[str, Any] | None:
        """Decoded and converted parameters, or None when the path does not fit."""
        found = self._regex.fullmatch(path)
        if found is None:
            return None
        kinds = {part[1]: part[0] for part in self.parts if not isinstance(part, str)}
        return {
            name: CONVERTERS[kinds[name]].convert(decode(value))
            for name, value in found.groupdict().items()
        }
