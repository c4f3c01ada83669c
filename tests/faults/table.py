"""The table of faults: made by the campaign, into a page that says what its columns mean."""

import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import pysqlite3.dbapi2 as sqlite

from stillwater import __version__
from tests.e2e.command import ROOT
from tests.faults.check import Told

BEGIN, END = "<!-- made by `make faults` -->", "<!-- end of what `make faults` made -->"
HEAD = (
    "| fault | how it is injected | times | lost | asked again | waited | outcome |",
    "| --- | --- | ---: | ---: | ---: | ---: | --- |",
)
PAGE = f"""# Reliability

What was done to runs of Stillwater to break them, and what came of it.

{BEGIN}
{END}
"""


@dataclass
class Record:
    """What became of one fault, all times together."""

    name: str
    how: str
    times: int = 0
    lost: int = 0
    repeated: int = 0
    waited: int = 0
    skipped: str | None = None
    failures: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """It was survived once more."""
        self.times += 1
        self.lost += told.lost
        self.repeated += told.repeated
        self.waited += told.waited

    def row(self) -> str:
        """Its line of the table."""
        if self.skipped:
            outcome = f"not played: {self.skipped}"
        elif self.failures:
            outcome = f"**failed {len(self.failures)} times**"
        else:
            outcome = "survived" if self.times else "not played this time"
        counts = (self.times + len(self.failures), self.lost, self.repeated, self.waited)
        cells = [self.name, self.how, *(f"{count:,}" for count in counts), outcome]
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def write(page: Path, records: Sequence[Record], seed: int) -> None:
    """Put the table into the page, which is made if it isn't there."""
    text = page.read_text("utf-8") if page.exists() else PAGE
    made = "\n".join(
        [BEGIN, "", _where(records, seed), "", *HEAD, *(r.row() for r in records), "", END]
    )
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        text += f"\n{BEGIN}\n{END}\n"
    page.write_text(pattern.sub(lambda _: made, text), "utf-8")


def _where(records: Sequence[Record], seed: int) -> str:
    played = sum(record.times + len(record.failures) for record in records)
    failed = sum(len(record.failures) for record in records)
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Stillwater {__version__} ({commit}), Python "
        f"{platform.python_version()}, SQLite {sqlite.sqlite_version}, {platform.system()} "
        f"{platform.release()}: seed {seed}, {played:,} times a fault, {failed} failed."
    )


@dataclass
class Table:
    """The page and what goes into it; any thread may write it."""

    page: Path | None
    records: Sequence[Record]
    seed: int
    _lock: Lock = field(default_factory=Lock, init=False)

    def write(self) -> None:
        """Write the table as it is now, if there is a page for it."""
        if self.page is not None:
            with self._lock:
                write(self.page, self.records, self.seed)
