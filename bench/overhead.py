"""What the machine around the model costs: transitions a second with everything else instant.

    python bench/overhead.py [--machines 300] [--attempts 6]

Drives real machines through the real scheduler, steps and store, with an instant model, an instant
sandbox and a repository in memory (so neither git nor tests are in the figure), until every machine
has failed all of its attempts. The repository's one file, the issue and the logs are small, so that
the figure is that of the machine, not of reading edits and logs. Then plain sqlite3 (the same
library, file system and pragmas) writes the same rows, one transaction each transition. Prints both
rates and their ratio.
"""

import argparse
import json
import random
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3

from bench import claims
from stillwater import logs
from stillwater.config import load, stored
from stillwater.datasets import Instance
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.models.protocol import Completion, Request
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Setup
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.steps import STEPS, Tools
from stillwater.store import Store

SOURCE = "def f(x):\n    return x\n\n\ndef g(x):\n    return x + 1\n"
SUMMARY = "FAILED test_a.py::test_f - assert 1 == 2\nPASSED test_a.py::test_g\n"
LOG_WORDS, ISSUE_WORDS = 40, 50
TARGET = 1 / 3
TRANSITION = "seq, source, event, target, attempt, started_at, finished_at, prev_sha256, sha256"
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
    """Every test run fails at once, each with a log of its own."""

    kind = "local"

    def __init__(self, runs: int) -> None:
        chance = random.Random(1)
        self._logs = deque(f"{words(chance, LOG_WORDS)}\n{SUMMARY}".encode() for _ in range(runs))

    def walls(self) -> Mapping[str, str]:
        return {}

    def prepare(self, setup: Setup) -> str:
        return setup.key

    def fetch(self, image: str) -> None: ...

    def run(self, job: Job) -> Execution:
        return Execution(1, self._logs.pop(), 0.0)

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
    sandbox = InstantSandbox(machines * (1 + attempts))
    # The instant sandbox has no calls to tell, and a log for every other run of the tests.
    told = {"attempts": attempts, "models": ("instant",), "model_slots": 4}
    config = load(told | {"find_suspects": False})
    with Store.open(folder / "stillwater.db") as store:
        store.create_run(
            run_id="bench", dataset="bench", dataset_sha256="0" * 64, config=stored(config),
            version="bench", rows=rows, arms={"default": "instant"},
        )  # fmt: skip
        tools = Tools(InstantRepositories(folder, ""), sandbox, InstantModel())
        scheduler = Scheduler(
            store=store, run_id="bench", dataset_sha256="0" * 64, config=config,
            executor=ThreadExecutor(Workshop(STEPS, tools), limits(config)),
        )  # fmt: skip
        log = logs.to_run_folder(folder / "runs")
        begun = time.perf_counter()
        scheduler.run()
        seconds = time.perf_counter() - begun
    log.close()
    return transitions(folder), seconds


def transitions(folder: Path) -> int:
    """How many transitions the run wrote; SystemExit if a machine broke."""
    with closing(sqlite3.connect(folder / "stillwater.db")) as database:
        ends = "event IN ('abort', 'defer', 'invalid')"
        statement = f"SELECT count(*), count(*) FILTER (WHERE {ends}) FROM transitions"
        count, broken = database.execute(statement).fetchone()
    if broken:
        raise SystemExit(f"{broken} of {count} transitions are of machines that broke")
    return int(count)


@dataclass(frozen=True)
class Written:
    """What one transition wrote: its row, its new artifacts, its machine."""

    row: tuple[object, ...]
    artifacts: tuple[tuple[object, ...], ...]
    machine_id: int


def written(folder: Path) -> list[Written]:
    """What each transition of the run wrote, in order."""
    with closing(sqlite3.connect(folder / "stillwater.db")) as database:
        stored = {row[0]: row for row in database.execute("SELECT * FROM artifacts")}
        found = []
        for machine_id, *row, evidence in database.execute(
            f"SELECT machine_id, {TRANSITION}, evidence FROM transitions ORDER BY id"
        ):
            named = json.loads(evidence).get("artifacts", {}).values()
            new = tuple(stored.pop(sha256) for sha256 in named if sha256 in stored)
            found.append(Written((machine_id, *row, evidence), new, machine_id))
    return found


def plain(folder: Path, rows: Sequence[Written]) -> float:
    """Seconds that plain sqlite3 takes for the same rows, a transaction each transition.

    Its tables have our keys, and none of our checks and triggers.
    """
    database = sqlite3.connect(folder / "plain.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", *SAME_PRAGMAS):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE artifacts (sha256 TEXT PRIMARY KEY, kind, type, size, content)")
    database.execute(
        f"CREATE TABLE transitions (id INTEGER PRIMARY KEY, machine_id, {TRANSITION}, evidence, "
        "UNIQUE (machine_id, seq))"
    )
    database.execute("CREATE TABLE machines (id INTEGER PRIMARY KEY, state TEXT)")
    machines = sorted({one.machine_id for one in rows})
    database.executemany("INSERT INTO machines VALUES (?, 'READ')", [(one,) for one in machines])
    columns = ", ".join("?" * len(rows[0].row))
    insert = f"INSERT INTO transitions (machine_id, {TRANSITION}, evidence) VALUES ({columns})"
    begun = time.perf_counter()
    for one in rows:
        database.execute("BEGIN IMMEDIATE")
        for artifact in one.artifacts:
            database.execute("INSERT INTO artifacts VALUES (?, ?, ?, ?, ?)", artifact)
        database.execute(insert, one.row)
        database.execute("UPDATE machines SET state = ? WHERE id = ?", (one.row[4], one.machine_id))
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
    claims.option(parser)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix=".bench-") as name:
        folder = Path(name)
        count, ours = stillwater(folder, asked.machines, asked.attempts)
        theirs = plain(folder, written(folder))
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
    if asked.json:
        what = f"transitions a second, all else instant ({count} of them)"
        rates = (count / ours, "plain sqlite3, the same rows", count / theirs)
        claims.tell([claims.at_least(TARGET, what, *rates, "/s")])


if __name__ == "__main__":
    main()
