"""Steps a second on a Ray cluster beside threads of one process: what travelling costs.

    python bench/steps.py [--steps 2000] [--log-bytes 9000] [--json]

Real REFINE steps, which take a fraction of a millisecond, of snapshots with a test log of usual
length (9,000 bytes), in turn on the threads of this process and through Ray on this machine alone:
snapshots travel to a worker, outcomes come back. As many are under way at once as the executor
allows. Prints the steps a second of both, the milliseconds of one step at a time, and how they
compare. Ray needs the extra `ray`.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from bench import claims
from stillwater import __version__, datasets
from stillwater.config import Config, load
from stillwater.datasets import instance_of
from stillwater.executors import Ended, Executor, ThreadExecutor, Workshop
from stillwater.executors.ray import Cluster, Outfit, RayExecutor
from stillwater.machine import Event, State
from stillwater.models.client import client
from stillwater.repository import Repositories
from stillwater.sandbox import choose
from stillwater.slots import Slot, limits
from stillwater.snapshot import Artifact, Past, Snapshot
from stillwater.steps import STEPS, Tools

ALONE = 100
"""Steps that are taken one at a time."""


def snapshot(config: Config, log_bytes: int) -> Snapshot:
    """A machine whose tests have failed."""
    line = b"FAILED tests/test_a.py::test_a - assert 1 == 2\n"
    log = Artifact("log", line * (log_bytes // len(line) + 1))
    facts = {"fail_to_pass": {"failed": ["tests/test_a.py::test_a"]}}
    failed = Past(
        1, State.TEST, Event.FAILED, State.REFINE, 1, {**facts, "artifacts": {"log": log.sha256}}
    )
    return Snapshot(
        run_id="r",
        machine_id=1,
        arm="default",
        instance=instance_of(datasets.load("samples").rows[0]),
        config=config,
        state=State.REFINE,
        attempt=1,
        model="m",
        past=(failed,),
        blobs={log.sha256: log.content},
    )


def took(executor: Executor, given: Snapshot, count: int, at_once: int) -> float:
    """Seconds for `count` steps."""
    slots = threading.Semaphore(at_once)
    ended = threading.Semaphore(0)
    crashed: list[Ended] = []

    def tell(end: Ended) -> None:
        if end.outcome is None or end.outcome.event is not Event.RETRY:
            crashed.append(end)
        slots.release()
        ended.release()

    begun = time.perf_counter()
    for _ in range(count):
        slots.acquire()
        executor.submit(given, tell)
    for _ in range(count):
        ended.acquire()
    if crashed:
        raise SystemExit(f"a step failed: {crashed[0].outcome}")
    return time.perf_counter() - begun


def measured(executor: Executor, given: Snapshot, count: int) -> tuple[float, float]:
    """Steps a second with all slots, and milliseconds of a step with one."""
    at_once = executor.limits()[Slot.CPU]
    took(executor, given, 20, at_once)
    rates = [count / took(executor, given, count, at_once) for _ in range(3)]
    alone = took(executor, given, ALONE, 1) / ALONE
    return median(rates), 1000 * alone


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--log-bytes", type=int, default=9000)
    claims.option(parser)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stillwater-bench-") as folder:
        home = Path(folder)
        config = load({"sandbox": "local", "models": ("builtin/mutate",)})
        sandbox, _ = choose("local", home, config.docker_image, "bench")
        tools = Tools(Repositories(home, config.repo_url), sandbox, client(config))
        given = snapshot(config, asked.log_bytes)
        threads = ThreadExecutor(Workshop(STEPS, tools), limits(config))
        outfit = Outfit(__version__, "bench", home, "local", config, {})
        ray = RayExecutor(outfit, Cluster(), home / "ray.log")
        ray.connect()
        try:
            here, here_alone = measured(threads, given, asked.steps)
            there, there_alone = measured(ray, given, asked.steps)
        finally:
            ray.close()
            threads.close()
    print(f"threads: {here:8.1f} steps/s, {here_alone:.2f} ms one at a time")
    print(f"Ray:     {there:8.1f} steps/s, {there_alone:.2f} ms one at a time")
    print(
        f"Ray carries out {there / here:.4f} of what threads do of steps that do next to nothing."
    )
    if asked.json:
        beside, kind = "threads of one process", "a REFINE step on a Ray node"
        rate = claims.beside(f"{kind}, as many as may run at once", there, beside, here, "steps/s")
        alone = claims.beside(f"{kind}, one at a time", there_alone, beside, here_alone, "ms")
        claims.tell([rate, alone])


if __name__ == "__main__":
    main()
