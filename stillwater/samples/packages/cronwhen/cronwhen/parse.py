"""From the text of a field to the set of its values."""

from __future__ import annotations

from cronwhen.errors import CronError
from cronwhen.fields import FIELDS, WEEKDAY, Field

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def split_line(text: str) -> list[str]:
    """The five fields of a schedule, with nicknames expanded."""
    text = text.strip()
    if text.startswith("@"):
        try:
            text = NICKNAMES[text.lower()]
        except KeyError:
            raise CronError(f"unknown nickname: {text}") from None
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise CronError(f"expected {len(FIELDS)} fields, found {len(parts)}: {text!r}")
    return parts


def parse_field(field: Field, text: str) -> frozenset[int]:
    """Every value a field matches, e.g. ``1-5,*/20``."""
    values: set[int] = set()
    for item in text.split(","):
        values.update(_parse_item(field, item))
    if field is WEEKDAY:
        values = {value % 7 for value in values}
    return frozenset(values)


def _parse_item(field: Field, item: str) -> range:
    span, slash, step_text = item.partition("/")
    step = _parse_step(field, step_text) if slash else 1
    if span == "*":
        low, high = field.low, field.high
    elif "-" in span:
        first, _, last = span.partition("-")
        low, high = field.number(first), field.number(last)
        # "fri-sun": as the end of a range, Sunday comes after Saturday.
        if field is WEEKDAY and high == 0:
            high = 7
    elif slash:
        low, high = field.number(span), field.high
    else:
        low = high = field.number(span)
    if low > high:
        raise CronError(f"{field.name}: range runs backwards: {span!r}")
    return range(low, high + 1, step)


def _parse_step(field: Field, text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise CronError(f"{field.name}: bad step: {text!r}")
    return int(text)
