"""`python -m tests.faults`: play faults at random points until time is over; write the table.

The seed is printed first, and the table is written after each fault, so that a night that is cut
short isn't lost. `--only WORDS` plays those alone whose names hold the words.
"""

import argparse
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from tests.e2e.command import ROOT
from tests.faults.campaign import Campaign
from tests.faults.databases import ELSEWHERE
from tests.faults.registry import FAULTS, Elsewhere, Fault
from tests.faults.table import Record, Table


def main() -> int:
    """The exit code: 0 if every fault was survived each time."""
    words = _words()
    seed = random.randrange(1 << 32) if words.seed is None else words.seed
    print(f"seed {seed}", flush=True)
    ends = time.monotonic() + 60 * words.minutes
    faults = [one for one in FAULTS.values() if words.only in one.name]
    elsewhere = [one for one in ELSEWHERE if words.only in one.name]
    records = {one.name: Record(one.name, one.how) for one in faults}
    records |= {one.name: Record(one.name, one.how) for one in elsewhere}
    table = Table(words.write, list(records.values()), seed)
    playable = list(_playable(faults, records))
    table.write()
    try:
        _take_turns(playable, Night(seed, ends, records, table), words.jobs)
        for one in elsewhere:
            _play_elsewhere(one, records[one.name])
            table.write()
    except KeyboardInterrupt:
        print("stopped", flush=True)
    failed = [record for record in records.values() if record.failures]
    for record in failed:
        print(f"\n{record.name}: {record.failures[0]}", file=sys.stderr)
    return int(bool(failed))


@dataclass
class Night:
    """What all turns share. Each thread has a model's server of its own."""

    seed: int
    ends: float
    records: dict[str, Record]
    table: Table
    stopped: threading.Event = field(default_factory=threading.Event)
    mine: threading.local = field(default_factory=threading.local)

    def play(self, turn: int, fault: Fault) -> None:
        """Play it, unless time is over. Every fault has its first turn, however short that is."""
        if self.stopped.is_set() or (turn and time.monotonic() >= self.ends):
            return
        if not hasattr(self.mine, "campaign"):
            self.mine.campaign = Campaign()
        _play(self.mine.campaign, fault, f"{self.seed} {turn}", self.records[fault.name])
        self.table.write()


def _take_turns(playable: list[Fault], night: Night, jobs: int) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for turn in count():
                if not playable or (turn and time.monotonic() >= night.ends):
                    return
                order = random.Random(f"{night.seed} {turn}").sample(playable, len(playable))
                list(pool.map(partial(night.play, turn), order))
        except KeyboardInterrupt:
            night.stopped.set()
            raise


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=Path, help="the page that the table goes into")
    return parser.parse_args()


def _playable(faults: list[Fault], records: dict[str, Record]) -> Iterator[Fault]:
    for fault in faults:
        why = fault.missing()
        if why is None:
            yield fault
        else:
            records[fault.name].skipped = why
            print(f"skipped   {fault.name}: {why}", flush=True)


def _play(campaign: Campaign, fault: Fault, seed: str, record: Record) -> None:
    begun = time.monotonic()
    try:
        record.add(campaign.play(fault, seed))
        said = "survived"
    except Exception as error:
        record.failures.append(f"seed {seed}: {type(error).__name__}: {error}")
        said = "FAILED"
    print(f"{said:<9} {fault.name} ({time.monotonic() - begun:.0f} s, seed {seed})", flush=True)


def _play_elsewhere(one: Elsewhere, record: Record) -> None:
    words = [sys.executable, "-m", "pytest", "-q", *one.tests]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        record.failures.append(done.stdout[-3000:])
    else:
        record.times += 1
    print(f"{'FAILED' if done.returncode else 'survived':<9} {one.name}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
