"""Several times at once."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from cronwhen.crontab import Job
from cronwhen.schedule import Schedule


def times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """All times of a schedule after a moment, without end."""
    while True:
        after = schedule.next_after(after)
        yield after


def upcoming(jobs: Iterable[Job], after: datetime, count: int) -> list[tuple[datetime, str]]:
    """The next ``count`` runs of all jobs together, as (time, command) in order of time."""

    def runs(job: Job) -> Iterator[tuple[datetime, str]]:
        for moment in times(job.schedule, after):
            yield moment, job.command

    return list(islice(heapq.merge(*(runs(job) for job in jobs)), count))
