"""From values to the text of a cell."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any


def format_value(value: Any, digits: int | None = None) -> str:
    """Text for one value; ``digits`` rounds floats."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and digits is not None:
        return f"{value:.{digits}f}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def is_number(value: Any) -> bool:
    """True for what should be aligned to the right."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def parse_value(text: str) -> Any:
    """The number a text stands for, None when it is empty, else the text itself."""
    stripped = text.strip()
    if not stripped:
        return None
    for kind in (int, float):
        try:
            return kind(stripped)
        except ValueError:
            continue
    return text
