"""Schedules, and the search for their next time."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cronwhen.errors import CronError
from cronwhen.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAY
from cronwhen.parse import parse_field, split_line

# 29 February can be eight years away, across a century that has no leap year.
HORIZON_YEARS = 8


@dataclass(frozen=True)
class Schedule:
    """The values each field matches."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool = True
    any_weekday: bool = True

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read ``"*/5 8-18 * * mon-fri"`` or a nickname such as ``@daily``."""
        minute, hour, day, month, weekday = split_line(text)
        return cls(
            minutes=parse_field(MINUTE, minute),
            hours=parse_field(HOUR, hour),
            days=parse_field(DAY, day),
            months=parse_field(MONTH, month),
            weekdays=parse_field(WEEKDAY, weekday),
            any_day=day.startswith("*"),
            any_weekday=weekday.startswith("*"),
        )

    def runs_on(self, day: date) -> bool:
        """True when the schedule has a time on this day."""
        if day.month not in self.months:
            return False
        # date.isoweekday() has Sunday as 7, cron as 0.
        by_weekday = day.isoweekday() % 7 in self.weekdays
        by_day = day.day in self.days
        if not self.any_day and not self.any_weekday:
            return by_day or by_weekday
        return by_day and by_weekday

    def matches(self, moment: datetime) -> bool:
        """True when the schedule runs in the minute of ``moment``."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and self.runs_on(moment.date())
        )

    def next_after(self, moment: datetime) -> datetime:
        """The first time strictly after ``moment``, in the same time zone.

        Raises CronError for a schedule that never runs, such as 30 February.
        """
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start.date()
        last = _years_later(day, HORIZON_YEARS)
        while day <= last:
            if self.runs_on(day):
                floor = start.time() if day == start.date() else time.min
                found = self._first_time(floor)
                if found is not None:
                    return datetime.combine(day, found, tzinfo=moment.tzinfo)
            day += timedelta(days=1)
        raise CronError("this schedule never runs")

    def _first_time(self, floor: time) -> time | None:
        for hour in sorted(self.hours):
            if hour < floor.hour:
                continue
            for minute in sorted(self.minutes):
                if hour > floor.hour or minute >= floor.minute:
                    return time(hour, minute)
        return None


def _years_later(day: date, years: int) -> date:
    year = day.year + years
    return date(year, day.month, min(day.day, calendar.monthrange(year, day.month)[1]))
