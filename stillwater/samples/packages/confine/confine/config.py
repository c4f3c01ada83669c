"""The configuration itself: sections of keys, asked by ``section.key``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from confine import convert
from confine.errors import MissingKey
from confine.interpolate import expand

Sections = dict[str, dict[str, str]]

# Keys above the first heading live here, and are asked for without a section.
TOP = ""


def split_name(name: str) -> tuple[str, str]:
    """``"server.host"`` as section and key; the last dot divides, and case is ignored."""
    section, _, key = name.lower().rpartition(".")
    return section, key


class Config:
    """Values by name. Later values win over earlier ones."""

    def __init__(self, sections: Sections | None = None, env: dict[str, str] | None = None) -> None:
        self._sections: Sections = {}
        self.env = dict(env or {})
        for section, pairs in (sections or {}).items():
            for key, value in pairs.items():
                self.set(f"{section}.{key}", value)

    def set(self, name: str, value: str) -> None:
        """Set one value, as a file that is read later would."""
        section, key = split_name(name)
        self._sections.setdefault(section, {})[key] = value

    def raw(self, name: str) -> str | None:
        """The value as written, before interpolation, or None."""
        section, key = split_name(name)
        return self._sections.get(section, {}).get(key)

    def get(self, name: str, default: str | None = None) -> str:
        """The value with every ``${...}`` replaced."""
        value = self.raw(name)
        if value is None:
            if default is None:
                raise MissingKey(name)
            return default
        return expand(value, self._sections, self.env, name)

    def get_int(self, name: str, default: int | None = None) -> int:
        """A whole number; ``1_000`` and ``0x1f`` are understood."""
        return convert.integer(self.get(name, None if default is None else str(default)), name)

    def get_bool(self, name: str, default: bool | None = None) -> bool:
        """yes/no, on/off, true/false, 1/0."""
        return convert.boolean(self.get(name, None if default is None else str(default)), name)

    def get_list(self, name: str, default: list[str] | None = None) -> list[str]:
        """Items divided by commas or line ends."""
        if default is not None and self.raw(name) is None:
            return list(default)
        return convert.items(self.get(name))

    def get_duration(self, name: str) -> timedelta:
        """A time such as ``90s``, ``5m`` or ``1h30m``."""
        return convert.duration(self.get(name), name)

    def sections(self) -> Iterator[str]:
        """Names of the sections, in the order in which they first appeared."""
        return (name for name in self._sections if name != TOP)

    def items(self, section: str = TOP) -> dict[str, str]:
        """The keys and raw values of one section."""
        return dict(self._sections.get(section.lower(), {}))

    def copy(self) -> Config:
        """An independent copy."""
        twin = Config(env=self.env)
        twin._sections = {name: dict(pairs) for name, pairs in self._sections.items()}
        return twin

    def merged(self, other: Config) -> Config:
        """A new configuration in which ``other`` wins."""
        result = self.copy()
        for section, pairs in other._sections.items():
            result._sections.setdefault(section, {}).update(pairs)
        return result
