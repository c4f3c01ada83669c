"""What the machine around the model costs: transitions a second with everything else instant.

    python bench/overhead.py [--machines 300] [--attempts 6]

Drives real machines through the real scheduler, steps and store, with an instant model, an instant
sandbox and a repository in memory (so neither git nor tests are in the figure), until every machine
has failed all of its attempts. The repository's one file is small, so that the figure is that of
the machine, not of reading edits. Then plain sqlite3 (the same library, file system and pragmas)
writes rows of the same sizes, one transaction each. Prints both rates and their ratio.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3

from stillwater import logs
from stillwater.config import load, stored
from stillwater.datasets import Instance
from stillwater.executor import ThreadExecutor
from stillwater.models.protocol import Completion, Request
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Setup
from stillwater.scheduler import Scheduler
from stillwater.steps import STEPS, Tools
from stillwater.store import Store

SOURCE = "def f(x):\n    return x\n\n\ndef g(x):\n    return x + 1\n"
SUMMARY = "FAILED test_a.py::test_f - assert 1 == 2\nPASSED test_a.py::test_g\n"
LOG_WORDS, ISSUE_WORDS = 400, 200
TARGET = 1 / 3
COLUMNS = 330
"""The bytes of a transition's row beside its evidence: digests, times, names."""
SAME_PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON")


def words(chance: random.Random, count: int) -> str:
    """So many words, no two texts alike."""
    return " ".join(f"w{chance.randrange(10**6)}" for _ in range(count))


class InstantModel:
    """Answers at once, with another edit each time."""

    def complete(self, request: Request) -> Completion:
        code = f"```python\ndef f(x):\n    return {request.seed}\n```"
        answer = f"FILE: a.py\nLINES: 1-2\nREASONING: r\n{code}"
        return Completion(answer, "stop", 100, 20, None, 0.0)


class InstantSandbox:
    """Every test run fails at once, each with a log of its own (some 3 KB, as pytest's are)."""

    kind = "local"

    def __init__(self) -> None:
        self._chance = random.Random(1)

    def walls(self) -> Mapping[str, str]:
        return {}

    def prepare(self, setup: Setup) -> str:
        return setup.key

    def run(self, job: Job) -> Execution:
        return Execution(1, f"{words(self._chance, LOG_WORDS)}\n{SUMMARY}".encode(), 0.0)

    def cancel(self) -> None: ...

    def reap(self) -> int:
        return 0


class InstantRepositories(Repositories):
    """One file, in memory."""

    def ensure(self, instance: Instance) -> Path:
        return self.home

    def paths(self, store: Path, commit: str) -> dict[str, str]:
        return {"a.py": "blob"}

    def texts(self, store: Path, blobs: Mapping[str, str]) -> dict[str, str]:
        return dict.fromkeys(blobs, SOURCE)

    @contextmanager
    def tree(
        self, store: Path, commit: str, label: str, patches: Mapping[str, str] | None = None
    ) -> Iterator[Path]:
        yield self.home


def stillwater(folder: Path, machines: int, attempts: int) -> tuple[int, float]:
    """Transitions and seconds of a whole run."""
    chance = random.Random(0)
    rows = [
        {
            "instance_id": f"a__a-{n}", "repo": "a/a", "base_commit": "0" * 40,
            "problem_statement": f"f is wrong: {words(chance, ISSUE_WORDS)}",
            "FAIL_TO_PASS": ["test_a.py::test_f"], "PASS_TO_PASS": ["test_a.py::test_g"],
            "test_command": "pytest",
        }
        for n in range(machines)
    ]  # fmt: skip
    config = load({"attempts": attempts, "models": ("instant",), "model_slots": 1})
    with Store.open(folder / "stillwater.db") as store:
        store.create_run(
            run_id="bench", dataset="bench", dataset_sha256="0" * 64, config=stored(config),
            version="bench", rows=rows, model="instant",
        )  # fmt: skip
        scheduler = Scheduler(
            store=store, run_id="bench", dataset_sha256="0" * 64, config=config,
            tools=Tools(InstantRepositories(folder, ""), InstantSandbox(), InstantModel()),
            steps=STEPS, executor=ThreadExecutor(4),
        )  # fmt: skip
        log = logs.to_run_folder(folder / "runs")
        begun = time.perf_counter()
        scheduler.run()
        seconds = time.perf_counter() - begun
    log.close()
    return transitions(folder), seconds


def transitions(folder: Path) -> int:
    """How many transitions the run wrote."""
    with closing(sqlite3.connect(folder / "stillwater.db")) as database:
        count: int = database.execute("SELECT count(*) FROM transitions").fetchone()[0]
        return count


@dataclass(frozen=True)
class Written:
    """The sizes, in bytes, of what one transition wrote: its row, and its new artifacts."""

    row: int
    artifacts: tuple[int, ...]


def sizes(folder: Path) -> list[Written]:
    """What each transition of the run wrote, in order."""
    with closing(sqlite3.connect(folder / "stillwater.db")) as database:
        rows = database.execute("SELECT length(evidence), evidence FROM transitions ORDER BY id")
        stored = dict(database.execute("SELECT sha256, length(content) FROM artifacts"))
        written = []
        for length, evidence in rows:
            named = json.loads(evidence).get("artifacts", {}).values()
            new = tuple(stored.pop(sha256) for sha256 in named if sha256 in stored)
            written.append(Written(length + COLUMNS, new))
    return written


def plain(folder: Path, written: Sequence[Written], machines: int) -> float:
    """Seconds that plain sqlite3 takes for the same rows: a transaction each, no more statements.

    Each inserts the artifacts and the transition, and updates the machine.
    """
    database = sqlite3.connect(folder / "plain.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", *SAME_PRAGMAS):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE artifacts (name TEXT PRIMARY KEY, content BLOB) STRICT")
    database.execute("CREATE TABLE transitions (id INTEGER PRIMARY KEY, row TEXT) STRICT")
    database.execute("CREATE TABLE machines (id INTEGER PRIMARY KEY, state TEXT) STRICT")
    database.executemany("INSERT INTO machines VALUES (?, ?)", [(n, "") for n in range(machines)])
    begun = time.perf_counter()
    for number, one in enumerate(written):
        database.execute("BEGIN IMMEDIATE")
        for part, size in enumerate(one.artifacts):
            name = f"{number:060d}{part:04d}"
            database.execute("INSERT INTO artifacts VALUES (?, ?)", (name, b"x" * size))
        database.execute("INSERT INTO transitions (row) VALUES (?)", ("x" * one.row,))
        database.execute(
            "UPDATE machines SET state = ? WHERE id = ?", (f"{number:064d}", number % machines)
        )
        database.execute("COMMIT")
    seconds = time.perf_counter() - begun
    database.close()
    return seconds


def main() -> None:
    """Measure both, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=300)
    parser.add_argument("--attempts", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=Path(), help="whose disk is measured")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix=".bench-") as name:
        folder = Path(name)
        count, ours = stillwater(folder, asked.machines, asked.attempts)
        theirs = plain(folder, sizes(folder), asked.machines)
    found = {
        "machines": asked.machines,
        "attempts": asked.attempts,
        "transitions": count,
        "stillwater_per_second": round(count / ours, 1),
        "sqlite3_per_second": round(count / theirs, 1),
        "ratio": round(theirs / ours, 3),
        "target": round(TARGET, 3),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
