"""What readers cost a running batch: its transitions a second with and without them.

    python bench/service.py [--seconds 60] [--rate 200] [--machines 300]

A service in a process of its own drives a batch through the real worker, scheduler and store: a
model that answers elsewhere, four requests at once in two seconds each, and for each test run a
process that starts Python. Another process asks the reading routes of the API, one after the other,
at that rate over connections that it keeps. Phases with and without readers take turns (three of
each, so that both meet the same machine), and the rates of both are compared: what the readers took
is to be less than a tenth.
"""

import argparse
import http.client
import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench import claims
from stillwater import logs, machine, runs
from stillwater.config import load, stored
from stillwater.service import server
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import Tools
from stillwater.store import Store, listing

TURNS = 3
CONNECTIONS = 8
SLOTS = 4
MODEL_SECONDS = 2.0
WARM_SECONDS = 10.0
TARGET = 0.10

EVENTS = {
    machine.State.READ: machine.Event.READ,
    machine.State.GENERATE: machine.Event.PROPOSED,
    machine.State.APPLY: machine.Event.APPLIED,
    machine.State.TEST: machine.Event.FAILED,
    machine.State.REFINE: machine.Event.RETRY,
}


def step(snapshot: Snapshot, tools: Tools) -> Outcome:
    """A step of the batch: waits as a model elsewhere lets it, starts Python as tests do."""
    if snapshot.state is machine.State.GENERATE:
        time.sleep(MODEL_SECONDS)
    if snapshot.state is machine.State.TEST:
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    event = EVENTS[snapshot.state]
    if event is machine.Event.RETRY and snapshot.attempt == 6:
        event = machine.Event.EXHAUSTED
    text = f"{snapshot.machine_id} {snapshot.attempt} {snapshot.state} ".encode() * 40
    named = {name: Artifact(name, text) for name in ("prompt", "completion", "log")}
    tests = {f"test_{n}": "PASSED" for n in range(20)}
    return Outcome(event, {"tests": tests, "model": "elsewhere"}, named)


def prepared(folder: Path, machines: int) -> str:
    """A database with one run to do; its id."""
    with Store.open(folder / "s.db") as store:
        store.create_run(
            run_id="bench",
            dataset="bench",
            dataset_sha256="0" * 64,
            config=stored(load({"sandbox": "local", "model_slots": SLOTS})),
            version="bench",
            rows=[
                {
                    "instance_id": f"i-{n}",
                    "repo": "a/b",
                    "base_commit": "0",
                    "problem_statement": "p",
                    "FAIL_TO_PASS": '["t"]',
                }
                for n in range(machines)
            ],
            arms={"default": "elsewhere"},
        )
    return "bench"


def served(folder: Path, told: "multiprocessing.Queue[str]") -> None:
    """The service, until it is ended; its steps are those of the bench."""
    made = server.Settings(runs.Place(folder / "s.db"), port=0, steps=dict.fromkeys(EVENTS, step))
    with logs.to_run_folder(folder / "log"):
        server.serve(made, told.put)


def ask(
    base: str,
    rate: float,
    seconds: float,
    ready: Event,
    go: Event,
    result: "multiprocessing.Queue[int]",
) -> None:
    """Ask the routes at that rate for so long, from `go` on; how many answers were good."""
    routes = itertools.cycle(
        [
            "/api/runs",
            "/api/runs/bench",
            "/api/runs/bench/machines?limit=100",
            "/api/runs/bench/transitions?limit=100",
            "/api/machines/1/transitions",
            "/api/health",
        ]
    )
    where = urlsplit(base)
    ready.set()
    go.wait()
    begin, good, lock = time.monotonic(), [0], threading.Lock()
    turn = itertools.count()

    def work() -> None:
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
        while True:
            with lock:
                at, route = begin + next(turn) / rate, next(routes)
            if at > begin + seconds:
                return
            time.sleep(max(0.0, at - time.monotonic()))
            connection.request("GET", route)
            answer = connection.getresponse()
            answer.read()
            with lock:
                good[0] += answer.status == 200

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    result.put(good[0])


def committed(folder: Path) -> int:
    """How many transitions there are."""
    with Store.open(folder / "s.db", read_only=True) as store, store.reading() as connection:
        return listing.last_transition(connection)


def processor_seconds(pid: int) -> float:
    """What a process took of the processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print both rates and what the readers took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60.0, help="with readers, in all")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--machines", type=int, default=300)
    claims.option(parser)
    given = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    each = given.seconds / TURNS
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        prepared(folder, given.machines)
        told: multiprocessing.Queue[str] = processes.Queue()
        service = processes.Process(target=served, args=(folder, told), daemon=True)
        service.start()
        base = told.get(timeout=60)
        quiet: list[float] = []
        read: list[float] = []
        answers, spent = 0, [0.0, 0.0]
        time.sleep(WARM_SECONDS)
        for turn in range(2 * TURNS):
            before, begun = committed(folder), time.monotonic()
            used = processor_seconds(service.pid or 0)
            if turn % 2:
                result: multiprocessing.Queue[int] = processes.Queue()
                ready, go = processes.Event(), processes.Event()
                reader = processes.Process(
                    target=ask, args=(base, given.rate, each, ready, go, result)
                )
                reader.start()
                ready.wait()
                before, begun = committed(folder), time.monotonic()
                used = processor_seconds(service.pid or 0)
                go.set()
                answers += result.get(timeout=each + 120)
            else:
                time.sleep(each)
            taken = time.monotonic() - begun
            spent[turn % 2] += processor_seconds(service.pid or 0) - used
            rate = (committed(folder) - before) / taken
            (read if turn % 2 else quiet).append(rate)
            if turn % 2:
                reader.join()
        service.kill()
        service.join()
    told_of(given, quiet, read, answers, 1000 * (spent[1] - spent[0]) / max(1, answers))


def told_of(
    given: argparse.Namespace,
    quiet: Sequence[float],
    read: Sequence[float],
    answers: int,
    each_ms: float,
) -> None:
    """Print what the phases without and with readers came to."""
    fall = 1 - median(read) / median(quiet)
    print(f"without readers {', '.join(f'{one:.2f}' for one in quiet)} transitions/s")
    print(f"with readers    {', '.join(f'{one:.2f}' for one in read)} transitions/s")
    print(f"{answers} answers, {answers / given.seconds:.0f} a second")
    print(f"an answer took {each_ms:.1f} ms of the service's processor time")
    print(f"the batch lost {fall:.1%} (aim: less than {TARGET:.0%})")
    if given.json:
        what = f"a batch's transitions a second with {given.rate:.0f} readers' requests a second"
        rates = (median(read), "without readers", median(quiet))
        claims.tell([claims.at_least(1 - TARGET, what, *rates, "/s")])


if __name__ == "__main__":
    main()
