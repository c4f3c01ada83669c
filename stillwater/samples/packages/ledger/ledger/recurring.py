"""Transactions that come back every few months."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from ledger.journal import Journal, Posting, Transaction


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month if it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class Recurring:
    """A template, due first on ``start`` and then every ``every`` months."""

    payee: str
    postings: tuple[Posting, ...]
    start: date
    every: int = 1
    end: date | None = None

    def due(self, until: date) -> Iterator[date]:
        """The days on which it is due, up to and including ``until``."""
        if self.end is not None:
            until = min(until, self.end)
        for step in count():
            day = add_months(self.start, step * self.every)
            if day > until:
                return
            yield day

    def post(self, journal: Journal, until: date) -> int:
        """Add what is due and not yet there; returns how many were added."""
        known = {(t.day, t.payee) for t in journal}
        missing = [day for day in self.due(until) if (day, self.payee) not in known]
        for day in missing:
            journal.add(Transaction(day, self.payee, self.postings))
        return len(missing)
