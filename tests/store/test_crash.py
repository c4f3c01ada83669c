import random
import time
from pathlib import Path

from stillwater.machine import Event
from stillwater.store import Store
from stillwater.where import Database
from tests.holds import holds
from tests.store.processes import child, end
from tests.store.stories import fire_on, new_run

COMMIT = """
import sys
from stillwater.machine import Event
from stillwater.store import Store
from stillwater.where import database
from tests.store.stories import fire_on
store = Store.open(database(sys.argv[1]))
while True:
    for machine_id in (1, 2):
        past = fire_on(store, machine_id, Event.DEFER, {"reason": "x" * 900}, {"log": sys.argv[2]})
        print(machine_id, past.seq)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(db: Database) -> None:
    with Store.open(db) as store:
        new_run(store)
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for turn in range(10 if isinstance(db, Path) else 3):
        process = child(COMMIT, db, f"log {turn}")
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        rest = process.stdout.read()
        end(process)
        acknowledged: dict[int, int] = {}
        for said in (first + rest).splitlines(keepends=True):
            if said.endswith("\n"):
                machine_id, seq = map(int, said.split())
                acknowledged[machine_id] = seq
        with Store.open(db) as store:
            assert holds(db), seed
            for row in store.machines("run-1"):
                told = acknowledged.get(row.id, 0)
                assert told <= row.seq, seed
            fire_on(store, 1, Event.DEFER)
