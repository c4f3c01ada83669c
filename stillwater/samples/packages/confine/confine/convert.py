"""From text to other types."""

from __future__ import annotations

import re
from datetime import timedelta

from confine.errors import ConfigError

TRUE = frozenset({"yes", "on", "true", "1"})
FALSE = frozenset({"no", "off", "false", "0"})
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

_DURATION = re.compile(r"(?:\d+[dhms])+")


def integer(text: str, name: str) -> int:
    """A whole number in any notation that Python knows."""
    try:
        return int(text, 0)
    except ValueError:
        raise ConfigError(f"{name}: not a whole number: {text!r}") from None


def boolean(text: str, name: str) -> bool:
    """A truth value by one of its names."""
    word = text.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ConfigError(f"{name}: neither yes nor no: {text!r}")


def items(text: str) -> list[str]:
    """What is left between commas and line ends, without blanks and without empty items."""
    return [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]


def duration(text: str, name: str) -> timedelta:
    """The sum of numbers with units; a bare number is seconds."""
    compact = text.replace(" ", "").lower()
    if compact.isdecimal():
        return timedelta(seconds=int(compact))
    if not _DURATION.fullmatch(compact):
        raise ConfigError(f"{name}: not a duration: {text!r}")
    total = timedelta()
    for number, unit in re.findall(r"(\d+)([dhms])", compact):
        total += timedelta(**{UNITS[unit]: int(number)})
    return total
