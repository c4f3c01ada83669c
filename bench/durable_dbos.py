"""The side of bench/durable.py that runs DBOS; started by it, with a Python that has DBOS.

    python bench/durable_dbos.py FOLDER start|resume WORKFLOWS [--block] [--wal]

Workflows of four durable steps that do nothing. Prints one line of JSON when all are done. With
--block the fourth step of each waits for ever, after `ready` is printed once all have come there.
"""

# mypy: disable-error-code="untyped-decorator"

import json
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path

from dbos import DBOS, DBOSConfig

TICKS = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
BEGUN = TICKS / os.sysconf("SC_CLK_TCK")
"""When this process began, by the monotonic clock."""
ARRIVED = threading.Semaphore(0)
MOST_SECONDS = 120
BLOCK = "--block" in sys.argv


@DBOS.step()
def first(number: int) -> dict[str, int]:
    return {"number": number}


@DBOS.step()
def second(number: int) -> dict[str, int]:
    return {"number": number}


@DBOS.step()
def third(number: int) -> dict[str, int]:
    return {"number": number}


@DBOS.step()
def fourth(number: int) -> dict[str, int]:
    if BLOCK:
        ARRIVED.release()
        threading.Event().wait()
    return {"number": number}


@DBOS.workflow()
def workflow(number: int) -> int:
    for step in (first, second, third, fourth):
        step(number)
    return number


def main() -> None:
    """Run or resume, and tell how long it took."""
    loaded = time.monotonic()
    db, what, count = Path(sys.argv[1]) / "dbos.db", sys.argv[2], int(sys.argv[3])
    if "--wal" in sys.argv and what == "start":
        with sqlite3.connect(db) as made:
            made.execute("PRAGMA journal_mode = WAL")
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": f"sqlite:///{db}",
        "run_admin_server": False,
        "log_level": "ERROR",
        "application_version": "bench",
        "max_executor_threads": 2 * count if BLOCK else 64,
    }
    DBOS(config=config)
    DBOS.launch()
    begun = time.monotonic()
    if what == "start":
        handles = [DBOS.start_workflow(workflow, number) for number in range(count)]
        if BLOCK:
            for _ in range(count):
                ARRIVED.acquire()
            print("ready", flush=True)
            threading.Event().wait()
        for handle in handles:
            handle.get_result()
    done = 0
    while done < count and time.monotonic() - begun < MOST_SECONDS:
        done = len(DBOS.list_workflows(status="SUCCESS", load_input=False, load_output=False))
        time.sleep(0.02)
    ended = time.monotonic()
    told = {
        "done": done,
        "seconds": ended - begun,
        "since_start": ended - BEGUN,
        "since_loaded": ended - loaded,
    }
    print(json.dumps(told), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
