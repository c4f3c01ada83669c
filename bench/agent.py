"""Overhead a task beside mini-swe-agent's batch runner, on the same tasks and the same server.

    python bench/agent.py [--tasks 300] [--rounds 3] [--workers 4] [--json]

Each task is a small git repository whose one function returns the wrong number; each takes two
calls of a model that answers at once (bench/instant.py, in a process of its own), and four are
worked on at a time, on this machine, without containers. Either side is its own command line, in a
process of its own, and the sides take turns:

- `stillwater run … --sandbox local`, all settings as they are but the slots: the tests before any
  change; an answer that fails them; one that passes them. Every step is on disk, and tests run
  behind the walls of the local sandbox.
- `mini-extra swebench … --environment-class local` with its own configuration for SWE-bench: a
  command that repairs and tests, one that submits. Its dataset is a file here, its work trees are
  made beforehand (it has none of its own), and it needn't look for prices or for the network.

Told are medians of the rounds: the wall time a task and the processor time a task of all the side's
processes, both between the result of the 50th task and of the last, so without the start; the peak
memory of its largest process; and the time from its start to its first result. A result is a
trajectory file of theirs, a committed last transition of ours.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import pysqlite3.dbapi2 as sqlite3

from bench import claims, peers, trivial
from bench.instant import RIGHT, instant
from stillwater.canonical import Json

PEER = "mini-swe-agent"
AIM = 0.7
SETTLED = 50
"""The results before which a side still starts up."""
EVERY = 0.1
PR_SET_CHILD_SUBREAPER = 36
SECONDS = 1200


@dataclass(frozen=True)
class Cost:
    """What a side took for all tasks."""

    wall_ms_a_task: float
    cpu_ms_a_task: float
    peak_mib: float
    first_seconds: float


@dataclass(frozen=True)
class Tasks:
    """The tasks in a folder: a repository, and rows that both sides read."""

    folder: Path
    count: int

    @property
    def file(self) -> Path:
        """The rows."""
        return self.folder / "rows" / "tasks.jsonl"

    @property
    def repository(self) -> Path:
        """What every task starts from."""
        return self.folder / "repository"

    def make(self) -> None:
        """Write them."""
        commit = trivial.make(self.repository)
        self.file.parent.mkdir()
        rows = (json.dumps(self._row(n, commit)) + "\n" for n in range(self.count))
        self.file.write_text("".join(rows))

    def _row(self, number: int, commit: str) -> dict[str, Json]:
        name = f"task-{number:04}"
        problem = f"{name}: value() of a.py is to return {RIGHT}."
        return trivial.row(self.repository, commit, name, problem, f"grep -q 'return {RIGHT}' a.py")


class Ours:
    """Stillwater's command line."""

    def command(self, tasks: Tasks, at: Path, base: str, workers: int) -> list[str]:
        """What to start, in the empty folder `at`."""
        slots = ("--set", f"model_slots={workers}", "--set", f"sandbox_slots={workers}")
        return [
            sys.executable, "-m", "stillwater", "run", str(tasks.file), "--db", str(at / "s.db"),
            "--model", "openai/local", "--set", f"api_base={base}", "--sandbox", "local", *slots,
        ]  # fmt: skip

    def variables(self) -> Mapping[str, str]:
        """What joins its environment."""
        return {"PYTHONPATH": os.pathsep.join(sys.path[1:])}

    def results(self, at: Path) -> list[float]:
        """When each task was done, by the clock of the day."""
        with closing(sqlite3.connect(at / "s.db")) as database:
            rows = database.execute("SELECT finished_at FROM transitions WHERE event = 'passed'")
            return sorted(datetime.fromisoformat(one).timestamp() for (one,) in rows)


class Theirs:
    """mini-swe-agent's batch runner."""

    def __init__(self, python: str, cache: Path) -> None:
        self._python, self._cache = python, cache

    def command(self, tasks: Tasks, at: Path, base: str, workers: int) -> list[str]:
        """What to start, in the empty folder `at`; makes the work trees."""
        for number in range(tasks.count):
            shutil.copytree(tasks.repository, at / "trees" / f"task-{number:04}")
        return [
            self._python, "-m", "minisweagent.run.benchmarks.swebench",
            "--subset", str(tasks.file.parent), "--split", "train", "--output", str(at / "out"),
            "--workers", str(workers), "--model", "openai/local", "--environment-class", "local",
            "-c", "swebench.yaml", "-c", f"environment.cwd={at / 'trees'}",
            "-c", f"model.model_kwargs.api_base={base}",
        ]  # fmt: skip

    def variables(self) -> Mapping[str, str]:
        """What joins its environment."""
        return {
            "MSWEA_SILENT_STARTUP": "1", "MSWEA_GLOBAL_CONFIG_DIR": str(self._cache),
            "MSWEA_COST_TRACKING": "ignore_errors", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "HF_HOME": str(self._cache), "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none",
        }  # fmt: skip

    def results(self, at: Path) -> list[float]:
        """When each task was done, by the clock of the day."""
        told = json.loads((at / "out" / "preds.json").read_text())
        done = [name for name, one in told.items() if f"+    return {RIGHT}" in one["model_patch"]]
        files = [at / "out" / name / f"{name}.traj.json" for name in done]
        return sorted(file.stat().st_mtime for file in files)


def played(side: Ours | Theirs, tasks: Tasks, at: Path, base: str, workers: int) -> Cost:
    """A run of all tasks by one side, in a new folder; raises SystemExit if one isn't done."""
    at.mkdir()
    command = side.command(tasks, at, base, workers)
    log = at / "log"
    begun = time.time()
    with log.open("wb") as printed:
        process = subprocess.Popen(
            command, cwd=at, stdout=printed, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **side.variables()}, start_new_session=True,
        )  # fmt: skip
        spent, usage = _watched(process)
    done = side.results(at)
    if process.returncode or len(done) != tasks.count:
        last = log.read_text(errors="replace").strip().splitlines()[-5:]
        raise SystemExit(f"{len(done)} of {tasks.count} tasks were done: {' '.join(last)}")
    first, last_one = done[min(SETTLED, tasks.count // 2) - 1], done[-1]
    between = tasks.count - min(SETTLED, tasks.count // 2)
    return Cost(
        wall_ms_a_task=1000 * (last_one - first) / between,
        cpu_ms_a_task=1000 * (_at(spent, last_one) - _at(spent, first)) / between,
        peak_mib=usage / 1024,
        first_seconds=done[0] - begun,
    )


def _watched(process: "subprocess.Popen[bytes]") -> tuple[list[tuple[float, float]], int]:
    """The processor time at each moment of its life, and the peak memory in KiB.

    A process that outlives who started it becomes our child (bubblewrap leaves one that way).
    """
    spent: list[tuple[float, float]] = []
    deadline = time.monotonic() + SECONDS
    stat, orphans = Path(f"/proc/{process.pid}/stat"), 0.0
    while True:
        ticks = sum(map(int, stat.read_text().rpartition(")")[2].split()[11:15]))
        spent.append((time.time(), orphans + ticks / os.sysconf("SC_CLK_TCK")))
        while (ended := os.wait4(-1, os.WNOHANG))[0]:
            pid, status, usage = ended
            if pid == process.pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return spent, usage.ru_maxrss
            orphans += usage.ru_utime + usage.ru_stime
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(EVERY)


def adopt_orphans() -> None:
    """Be the parent of whatever a child of ours leaves behind, so that its time is counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _at(spent: Sequence[tuple[float, float]], when: float) -> float:
    """The processor time at that moment, between the two that were noted around it."""
    for (before, had), (after, has) in pairwise(spent):
        if after >= when:
            share = (when - before) / (after - before) if after > before else 0.0
            return had + max(0.0, share) * (has - had)
    return spent[-1][1]


def middle(costs: Sequence[Cost]) -> Cost:
    """The medians of the rounds."""
    rows = [asdict(one) for one in costs]
    return Cost(**{name: median(row[name] for row in rows) for name in rows[0]})


def claimed(ours: Cost, theirs: Cost, tasks: int) -> list[claims.Claim]:
    """The four that are made of it."""
    who = f"{PEER} {peers.version_of(PEER)}'s batch runner, {tasks} tasks"
    return [
        claims.at_most(AIM, "steady wall time a task of two model calls, 4 workers",
                       ours.wall_ms_a_task, who, theirs.wall_ms_a_task, "ms"),
        claims.at_most(AIM, "processor time a task, all of its processes",
                       ours.cpu_ms_a_task, who, theirs.cpu_ms_a_task, "ms"),
        claims.at_most(AIM, "peak memory", ours.peak_mib, who, theirs.peak_mib, "MiB"),
        claims.at_most(AIM, "time from the start to the first result",
                       ours.first_seconds, who, theirs.first_seconds, "s"),
    ]  # fmt: skip


def main() -> None:
    """Play both sides in turn, print what each round told and the ratios of the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=4)
    claims.option(parser)
    asked = parser.parse_args()
    try:
        python = peers.python_of(PEER)
    except peers.Missing as missing:
        claims.skipped(str(missing))
        return
    adopt_orphans()
    found: dict[str, list[Cost]] = {"stillwater": [], PEER: []}
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as name, instant() as base:
        folder = Path(name).absolute()
        tasks = Tasks(folder, asked.tasks)
        tasks.make()
        sides: dict[str, Ours | Theirs] = {
            "stillwater": Ours(),
            PEER: Theirs(python, folder / "cache"),
        }
        warm = Tasks(folder / "warm", asked.workers)
        warm.make()
        for who, side in sides.items():
            played(side, warm, folder / f"warm-{who}", base, asked.workers)
        for turn in range(asked.rounds):
            for who, side in sides.items():
                cost = played(side, tasks, folder / f"{who}-{turn}", base, asked.workers)
                found[who].append(cost)
                told = {name: round(value, 1) for name, value in asdict(cost).items()}
                print(json.dumps({"round": turn + 1, "side": who, **told}), flush=True)
    made = claimed(middle(found["stillwater"]), middle(found[PEER]), asked.tasks)
    for one in made:
        print(f"{one.claim}: {one.ours} against {one.theirs}, ratio {one.ratio} (aim {one.aim})")
    if asked.json:
        claims.tell(made)


if __name__ == "__main__":
    main()
