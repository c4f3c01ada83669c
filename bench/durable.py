"""Durable steps beside DBOS on the same disk: their rate, and resuming after kill -9.

    python bench/durable.py --peer [--count 300] [--ours 1000 10000 100000]

`--peer` makes an environment with DBOS below .bench at the first time; `--dbos PYTHON` takes
another.

`--count` machines of four transitions (READ, GENERATE, APPLY, TEST, each step instant, through the
real scheduler and store) beside as many DBOS workflows of four steps that do nothing, on SQLite as
DBOS sets it up and again in WAL mode. Ours is WAL with synchronous=FULL: a step that was told is
on disk. Then a fourth step that waits for ever holds all of them up there, each on a thread of its
own; they are killed with kill -9, and started again with one that doesn't wait and 64 threads: the
seconds until all are done, from the new process's start and from when Python has loaded both
libraries. With --ours, larger runs of ours alone with two slots: transitions a second, peak memory,
bytes a machine, and the seconds until the first transition after a kill.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import claims, peers
from stillwater import logs
from stillwater.config import load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.machine import Event, State
from stillwater.models.client import LitellmClient
from stillwater.repository import Repositories
from stillwater.sandbox import LocalSandbox
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.snapshot import Artifact, Outcome, Past, Snapshot
from stillwater.steps import Step, Tools
from stillwater.store import SchedulerLease, Store

DBOS_SIDE = Path(__file__).with_name("durable_dbos.py")
STEPS = 4
RATE_AIM, RESUME_AIM = 3, 1 / 10
DBOS = f"DBOS {peers.version_of('dbos')}"
FEW_SLOTS, THREADS = 2, 64
SIDES = {
    "dbos": f"{DBOS}, SQLite as it sets it up",
    "dbos, WAL": f"{DBOS}, SQLite in WAL mode",
}


class Watch:
    """Notes when the first transition was committed, and when the last."""

    at: float | None = None
    last = 0.0

    def started(self, machine_id: int, state: State, attempt: int) -> None: ...

    def committed(self, machine_id: int, past: Past) -> None:
        """A transition is in the database."""
        self.last = time.monotonic()
        self.at = self.at or self.last

    def wait_for_standstill(self) -> None:
        """Until nothing has been committed for a second: every slot is taken by a waiting step."""
        while self.at is None or time.monotonic() - self.last < 1:
            time.sleep(0.1)


def steps(*, block: bool) -> dict[State, Step]:
    """Steps that do nothing; with `block` the last waits for ever."""

    def read(snapshot: Snapshot, tools: Tools) -> Outcome:
        return Outcome(Event.READ, {"number": snapshot.machine_id})

    def propose(snapshot: Snapshot, tools: Tools) -> Outcome:
        return Outcome(Event.PROPOSED, {"number": 1}, {"edits": Artifact("edits", b"[]")})

    def apply(snapshot: Snapshot, tools: Tools) -> Outcome:
        return Outcome(Event.APPLIED, {"number": 2}, {"patch": Artifact("patch", b"")})

    def test(snapshot: Snapshot, tools: Tools) -> Outcome:
        if block:
            threading.Event().wait()
        return Outcome(Event.PASSED, {"number": 3})

    return {State.READ: read, State.GENERATE: propose, State.APPLY: apply, State.TEST: test}


def ours(folder: Path, what: str, count: int, slots: int, *, block: bool) -> dict[str, float]:
    """Run or resume in this process; with `block` it says `ready`, and never returns."""
    begun, loaded = started(), time.monotonic()
    config = load(
        {"attempts": 1, "models": ("instant",), "sandbox": "local", "sandbox_slots": slots}
    )
    db, watch = folder / "stillwater.db", Watch()
    with SchedulerLease.acquire(db, "bench") as lease, Store.open(db) as store:
        store.begin_epoch(lease)
        if what == "start":
            rows = [{"instance_id": f"i__i-{n}", "repo": "i/i"} | ROW for n in range(count)]
            store.create_run(
                run_id="bench", dataset="d", dataset_sha256="0" * 64, config=stored(config),
                version="bench", rows=rows, arms={"default": "instant"},
            )  # fmt: skip
        tools = Tools(Repositories(folder, ""), LocalSandbox(folder), LitellmClient(None, None))
        scheduler = Scheduler(
            store=store, run_id="bench", dataset_sha256="0" * 64, config=config,
            executor=ThreadExecutor(Workshop(steps(block=block), tools), limits(config)),
            listener=watch,
        )  # fmt: skip
        log = logs.to_run_folder(folder / "runs")
        if block:
            threading.Thread(target=scheduler.run, daemon=True).start()
            watch.wait_for_standstill()
            print("ready", flush=True)
            threading.Event().wait()
        at = time.monotonic()
        scheduler.run()
        ended = time.monotonic()
        log.close()
        done = sum(one.state is State.VERIFIED for one in store.machines("bench"))
    return {
        "done": done,
        "seconds": ended - at,
        "since_start": ended - begun,
        "since_loaded": ended - loaded,
        "first": (watch.at or ended) - begun,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


ROW: dict[str, Any] = {
    "base_commit": "0" * 40, "problem_statement": "x", "patch": "", "test_patch": "",
    "FAIL_TO_PASS": ["t"], "PASS_TO_PASS": [], "test_command": "true",
}  # fmt: skip


def started() -> float:
    """When this process began, by the monotonic clock."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


def played(command: Sequence[str]) -> dict[str, float]:
    """What a side tells of a run to its end."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def killed(command: Sequence[str]) -> None:
    """Start a side that waits at its last step, and kill -9 it once all are there."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if "ready" not in (line.strip() for line in process.stdout):
            raise SystemExit(f"{command[1]} ended before all were at their last step")
        process.kill()


def side(name: str, python: str | None, count: int) -> dict[str, float]:
    """The rate of steps, and the seconds to resume all, of one side."""
    script = [python or sys.executable, str(DBOS_SIDE if python else Path(__file__))]
    wal = ["--wal"] if name.endswith("WAL") else []

    def words(folder: str, what: str, slots: int) -> list[str]:
        said = [what, str(count)]
        return [*script, *([folder, *said] if python else ["--side", folder, *said, str(slots)])]

    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as one:
        run = played([*words(str(Path(one).resolve()), "start", FEW_SLOTS), *wal])
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as other:
        folder = str(Path(other).resolve())
        killed([*words(folder, "start", count), "--block", *wal])
        again = played([*words(folder, "resume", THREADS), *wal])
    if run["done"] != count or again["done"] != count:
        raise SystemExit(f"{name}: {run['done']} and {again['done']} of {count} ended")
    return {
        "steps_per_second": round(STEPS * count / run["seconds"], 1),
        "resume_seconds": round(again["since_start"], 2),
        "resume_seconds_after_loading": round(again["since_loaded"], 2),
    }


def large(count: int) -> dict[str, float]:
    """A run of ours of that size, and one that is killed in its middle."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as name:
        folder = Path(name).resolve()
        few = [str(count), str(FEW_SLOTS)]
        run = played([sys.executable, __file__, "--side", str(folder), "start", *few])
        size = sum(file.stat().st_size for file in folder.glob("stillwater.db*"))
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path()) as name:
        words = [sys.executable, __file__, "--side", str(Path(name).resolve())]
        killed([*words, "start", *few, "--block"])
        again = played([*words, "resume", *few])
    return {
        "machines": count,
        "transitions_per_second": round(STEPS * count / run["seconds"]),
        "peak_mib": round(run["peak_mib"]),
        "bytes_a_machine": round(size / count),
        "first_transition_after_kill_seconds": round(again["first"], 2),
    }


def claimed(told: Mapping[str, Mapping[str, float]]) -> list[claims.Claim]:
    """The rate and the resumption beside each of DBOS's ways."""
    mine = told["stillwater"]
    made: list[claims.Claim] = []
    for name, whose in SIDES.items():
        if name not in told:
            continue
        theirs = told[name]
        rates = (mine["steps_per_second"], whose, theirs["steps_per_second"], "/s")
        again, loaded = (
            (mine[since], whose, theirs[since], "s")
            for since in ("resume_seconds", "resume_seconds_after_loading")
        )
        made.append(claims.at_least(RATE_AIM, "durable steps a second", *rates))
        made.append(claims.at_most(RESUME_AIM, "all in flight done after kill -9", *again))
        made.append(claims.at_most(RESUME_AIM, "the same, once Python has loaded", *loaded))
    return made


def our_side() -> None:
    """Be the process that `side` starts."""
    folder, what, count, slots = sys.argv[2:6]
    told = ours(Path(folder), what, int(count), int(slots), block="--block" in sys.argv)
    print(json.dumps(told), flush=True)
    os._exit(0)


def main() -> None:
    """Play all sides, print what they told and the ratios."""
    if "--side" in sys.argv:
        our_side()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dbos", help="a Python that has dbos")
    parser.add_argument("--peer", action="store_true", help="make one that has it")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--ours", type=int, nargs="*", default=[])
    claims.option(parser)
    asked = parser.parse_args()
    if asked.peer:
        try:
            asked.dbos = peers.python_of("dbos")
        except peers.Missing as missing:
            claims.skipped(str(missing))
            return
    told: dict[str, Any] = {"stillwater": side("stillwater", None, asked.count)}
    for name in SIDES if asked.dbos else ():
        told[name] = side(name, asked.dbos, asked.count)
        mine = told["stillwater"]
        told[name]["our_rate_to_theirs"] = round(
            mine["steps_per_second"] / told[name]["steps_per_second"], 1
        )
        told[name]["our_resume_to_theirs"] = round(
            mine["resume_seconds"] / told[name]["resume_seconds"], 3
        )
    print(json.dumps(told, indent=1))
    for count in asked.ours:
        print(json.dumps(large(count)), flush=True)
    if asked.json:
        claims.tell(claimed(told))


if __name__ == "__main__":
    main()
