"""The five fields of a crontab line."""

from __future__ import annotations

from dataclasses import dataclass

from cronwhen.errors import CronError

MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Field:
    """What a field may hold. Names count from ``low``."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """A number or a name, checked against the bounds."""
        word = text.strip().lower()
        if word in self.names:
            return self.names.index(word) + self.low
        if not word.isdecimal():
            raise CronError(f"{self.name}: not a number: {text!r}")
        value = int(word)
        if not self.low <= value <= self.high:
            raise CronError(f"{self.name}: {value} is not in {self.low}-{self.high}")
        return value


MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY = Field("day of month", 1, 31)
MONTH = Field("month", 1, 12, MONTH_NAMES)
# Both 0 and 7 are Sunday; the parser folds 7 away.
WEEKDAY = Field("day of week", 0, 7, DAY_NAMES)
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
