"""Schedules in words."""

from __future__ import annotations

from cronwhen.fields import DAY_NAMES, MONTH_NAMES
from cronwhen.schedule import Schedule


def describe(schedule: Schedule) -> str:
    """A sentence such as ``at 08:30 on mon, tue in jan``."""
    parts = [_clock(schedule)]
    days = _days(schedule)
    if days:
        parts.append(f"on {days}")
    if len(schedule.months) < 12:
        parts.append("in " + ", ".join(MONTH_NAMES[month - 1] for month in sorted(schedule.months)))
    return " ".join(parts)


def _clock(schedule: Schedule) -> str:
    hours, minutes = sorted(schedule.hours), sorted(schedule.minutes)
    if len(hours) == 24 and len(minutes) == 60:
        return "every minute"
    if len(hours) == 24:
        return "every hour at minute " + ", ".join(str(minute) for minute in minutes)
    if len(minutes) == 60:
        return "every minute of the hours " + ", ".join(str(hour) for hour in hours)
    return "at " + ", ".join(f"{hour:02}:{minute:02}" for hour in hours for minute in minutes)


def _days(schedule: Schedule) -> str:
    named = []
    if not schedule.any_day:
        named.append("day " + ", ".join(str(day) for day in sorted(schedule.days)))
    if not schedule.any_weekday:
        named.append(", ".join(DAY_NAMES[day] for day in sorted(schedule.weekdays)))
    return " or ".join(named)
