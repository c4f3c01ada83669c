"""Reading whole crontab files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cronwhen.errors import CronError
from cronwhen.schedule import Schedule

_VARIABLE = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)$")


@dataclass(frozen=True)
class Job:
    """One line of a crontab: when, what, and the variables set above it."""

    schedule: Schedule
    command: str
    variables: dict[str, str] = field(default_factory=dict)


def parse_crontab(text: str) -> list[Job]:
    """Read a crontab file; blank lines and comments are skipped."""
    jobs: list[Job] = []
    variables: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        assignment = _VARIABLE.match(line)
        if assignment:
            variables[assignment[1]] = _unquote(assignment[2])
            continue
        try:
            jobs.append(_parse_job(line, dict(variables)))
        except CronError as error:
            raise CronError(f"line {number}: {error}") from error
    return jobs


def _parse_job(line: str, variables: dict[str, str]) -> Job:
    parts = line.split(None, 1 if line.startswith("@") else 5)
    when, command = parts[:-1], parts[-1]
    if not when:
        raise CronError(f"no command: {line!r}")
    return Job(Schedule.parse(" ".join(when)), command, variables)


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
