"""The run that a fault disturbs: its folder, its processes, and what it has acknowledged so far."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pysqlite3.dbapi2 as sqlite

from tests.e2e.command import ROOT, environment
from tests.faults import shop
from tests.faults.model import Model
from tests.patience import DEADLINE

ROWS = (
    "SELECT id, machine_id, seq, source, event, target, attempt, started_at, finished_at,"
    " evidence, prev_sha256, sha256 FROM transitions ORDER BY id"
)
SETTINGS = {
    "attempts": "2",
    "defer_seconds": "0.01",
    "max_defers": "1000",
    "ways": "definition,explained",
    "sandbox_slots": "2",
    "model_slots": "2",
}
STARTS = 40
"""How often a run is taken up again before a scenario counts as one that never ends."""

Row = tuple[Any, ...]


class Skip(Exception):
    """This fault can't be played on this machine; the text says why."""


@dataclass
class World:
    """One folder, one database, one run of `shop`, and a scripted model."""

    folder: Path
    model: Model
    chance: random.Random
    sandbox: str = "local"
    settings: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    repo_url: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[int, Row] = field(default_factory=dict)
    """Transitions as the database had them when somebody looked, by their id."""
    announced: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    pids: set[int] = field(default_factory=set)
    allowed: set[int] = field(default_factory=lambda: {0})
    """The exit codes that its processes may end with."""
    was_killed: bool = False
    """Whether the last of its processes was."""
    same: Literal["all", "report", "nothing"] = "all"
    """How much of the undisturbed run's result must come out."""

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "stillwater.db"

    @property
    def home(self) -> Path:
        """What belongs to the database."""
        return self.folder / ".stillwater"

    @property
    def said(self) -> str:
        """All that its processes printed."""
        file = self.folder / "out.txt"
        return file.read_text(errors="replace") if file.exists() else ""

    def prepare(self) -> None:
        """Make the repository and the dataset."""
        commit = shop.make(self.folder / "shop")
        url = self.repo_url or str(self.folder / "shop")
        (self.folder / "rows.jsonl").write_text(shop.rows(commit, url, **self.fields))

    def words(self) -> tuple[str, ...]:
        """The command that begins the run, or goes on with it once it is written."""
        if self.is_begun():
            return ("resume",)
        if not (self.folder / "rows.jsonl").exists():
            self.prepare()
        settings = {"api_base": self.model.base, **SETTINGS, **self.settings}
        sets = [word for k, v in settings.items() for word in ("--set", f"{k}={v}")]
        return (
            "run", "rows.jsonl", "--model", "openai/local", "--sandbox", self.sandbox, *sets,
        )  # fmt: skip

    def is_begun(self) -> bool:
        """Whether the run is written."""
        try:
            return bool(self.read("SELECT 1 FROM runs"))
        except sqlite.Error:
            return False

    def is_finished(self) -> bool:
        """Whether the run has come to its end."""
        try:
            return bool(self.read("SELECT 1 FROM runs WHERE finished_at IS NOT NULL"))
        except sqlite.Error:
            return False

    def read(self, statement: str) -> list[Row]:
        """What a stranger with SQLite reads in the database."""
        if not self.db.exists():
            return []
        with closing(sqlite.connect(f"{self.db.as_uri()}?mode=ro", uri=True)) as database:
            return list(database.execute(statement))

    def start(
        self,
        *words: str,
        before: tuple[str, ...] = (),
        variables: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start `stillwater` (by default what `words` says), behind the words of `before`."""
        given = words or self.words()
        with (self.folder / "out.txt").open("ab") as out:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "stillwater", *given],
                cwd=self.folder,
                env={
                    **environment(self.folder), "PYTHONPATH": str(ROOT),
                    **self.variables, **(variables or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )  # fmt: skip
        self.pids.add(process.pid)
        return process

    def ended(self, process: "subprocess.Popen[bytes]", *codes: int) -> int:
        """Its exit code, once it has ended and what it left is noted."""
        try:
            code = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            process.wait(DEADLINE)
            raise AssertionError(f"it hangs: {self.said[-3000:]}") from None
        allowed = {*self.allowed, *codes}
        assert code in allowed, f"exit code {code}, not of {allowed}: {self.said[-3000:]}"
        self.was_killed = code != 0 and (self.was_killed or code < 0)
        self.note()
        return code

    def kill(self, process: "subprocess.Popen[bytes]", after: float = 0.0) -> bool:
        """kill -9 after so many seconds, and note what is there; False if it had ended."""
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(DEADLINE)
            self.was_killed = True
            self.note()
            return True
        self.ended(process)
        return False

    def note(self) -> None:
        """Take what the database and the log say now for acknowledged."""
        for row in self.rows():
            known = self.acknowledged.setdefault(row[0], row)
            assert known == row, f"transition {row[0]} was {known} and is {row}"
        self.announced = announced(self.home)

    def rows(self) -> list[Row]:
        """All transitions, whole."""
        return self.read(ROWS) if self.is_begun() else []

    def finish(self) -> None:
        """Go on until the run has come to its end, however often it takes.

        Who was killed even at the end is followed by one more, as a person would see to it.
        """
        for _ in range(STARTS):
            if self.is_finished() and not self.was_killed:
                return
            self.ended(self.start())
        raise AssertionError(f"it doesn't come to its end: {self.said[-3000:]}")

    def until(self, there: Callable[[], bool], process: "subprocess.Popen[bytes]") -> bool:
        """Wait for it, as long as the process lives; False if that ended first."""
        deadline = time.monotonic() + DEADLINE
        while not there():
            if process.poll() is not None:
                return False
            assert time.monotonic() < deadline, f"it never came: {self.said[-3000:]}"
            time.sleep(0.01)
        return True

    def until_committed(self, process: "subprocess.Popen[bytes]", number: int) -> bool:
        """Wait until so many transitions are in the database; False if it ended first."""
        return self.until(partial(self._has, number), process)

    def _has(self, number: int) -> bool:
        return sum(announced(self.home).values()) >= number


def waits(world: World) -> bool:
    """Whether some machine has had to wait for the world."""
    return any(one[3] == "defer" for one in announced(world.home))


def announced(home: Path) -> Counter[tuple[Any, ...]]:
    """The transitions that log lines tell of: what somebody may have been told is done."""
    told: Counter[tuple[Any, ...]] = Counter()
    for file in home.glob("runs/*/log.jsonl"):
        for line in file.read_bytes().splitlines():
            try:
                fact = json.loads(line)
            except ValueError:
                continue  # the last line of a process that was killed
            if fact.get("event") == "transition":
                names = ("instance", "attempt", "source", "happened", "target")
                told[tuple(fact[name] for name in names)] += 1
    return told


def children(pid: int) -> list[int]:
    """The living descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat[1])
    found: set[int] = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid, os.getpid()})
