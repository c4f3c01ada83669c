"""How fast an audit is: transitions a second, beside hashing the same bytes with hashlib alone.

    python bench/audit.py [--transitions 400000] [--rounds 3] [--processes N]

Builds a database of finished machines (four transitions each, with evidence like that of a real
run, and four small artifacts each), by bulk insertion with a right chain, and closes it. Then, in
turn: hashes the records' bytes, which lie ready in memory, one after the other with hashlib; walks
the chain as `stillwater audit` does (digests, order, edges, states, attempts), processes started
anew; and audits all of it but what follows from what (`--quick`: also machines, canonical JSON and
artifacts). Prints the best of each and the ratios, by the clock and by processor time.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import zstandard

from bench import claims
from stillwater.audit import chain
from stillwater.audit.database import reading, scope_of
from stillwater.audit.whole import audit
from stillwater.audit.work import Workers
from stillwater.canonical import Json, canonical, digest
from stillwater.store import Store

RUN = "20261124-000000-beef"
AT = "2026-11-24T00:00:00.000000Z"
STEPS = (
    ("READ", "read", "GENERATE"),
    ("GENERATE", "proposed", "APPLY"),
    ("APPLY", "applied", "TEST"),
    ("TEST", "passed", "VERIFIED"),
)
TESTS = [f"tests/test_config.py::test_values_by_name_{n}" for n in range(30)]
TARGET = 1 / 3
INSERT = (
    "INSERT INTO transitions (id, machine_id, seq, source, event, target, attempt, started_at, "
    f"finished_at, evidence, prev_sha256, sha256) VALUES ({', '.join('?' * 12)})"
)


def evidence(machine: int, shas: Sequence[str]) -> Iterator[dict[str, Json]]:
    """The evidence of a machine's four transitions; `shas` are its artifacts'."""
    tests: dict[str, Json] = dict.fromkeys(TESTS, "PASSED")
    files: Json = [
        {"path": f"config/part{n}.py", "score": 0.5 + n, "why": ["words"], "tokens": machine}
        for n in range(6)
    ]
    yield {"files": files, "baseline": {"tests": tests}, "feedback": "tests"}
    named: Json = {"completion": shas[0], "edits": shas[1], "prompt": shas[2]}
    usage: Json = {"cached_tokens": None, "completion_tokens": 107, "prompt_tokens": machine}
    yield {"artifacts": named, "finish_reason": "stop", "model": "m", "seed": 0, "usage": usage}
    yield {"artifacts": {"patch": shas[3]}, "changed": ["config/part0.py"], "repairs": []}
    yield {"exit_code": 0, "seconds": 3.417, "stopped": None, "tests": tests, "truncated": False}


def build(path: Path, transitions: int) -> list[bytes]:
    """A database of so many transitions at `path`; the bytes of each record."""
    machines = transitions // len(STEPS)
    with Store.open(path) as store:
        store.create_run(
            run_id=RUN, dataset="bench", dataset_sha256="0" * 64, config={"attempts": 6},
            version="bench", rows=[{"instance_id": f"a__a-{n}"} for n in range(1, machines + 1)],
            arms={"default": "m"},
        )  # fmt: skip
    records: list[bytes] = []
    with closing(sqlite.connect(path, isolation_level=None)) as raw:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        guards = triggers.fetchall()
        raw.execute("BEGIN IMMEDIATE")
        for name, _ in guards:
            raw.execute(f"DROP TRIGGER {name}")
        raw.executemany(INSERT, _rows(raw, machines, records))
        raw.execute("UPDATE machines SET state = 'VERIFIED'")
        for _, statement in guards:
            raw.execute(statement)
        raw.execute("COMMIT")
    return records


def _rows(
    raw: sqlite.Connection, machines: int, records: list[bytes]
) -> Iterator[tuple[int | str, ...]]:
    head = "0" * 64
    for machine in range(1, machines + 1):
        shas = [_artifact(raw, f"{name} of {machine}\n" * 20) for name in "cepd"]
        for seq, (step, told) in enumerate(zip(STEPS, evidence(machine, shas), strict=True), 1):
            source, event, target = step
            whole: dict[str, Json] = {
                "machine_id": machine, "run_id": RUN, "instance_id": f"a__a-{machine}",
                "arm": "default", "seq": seq, "source": source, "event": event,
                "target": target, "attempt": 1, "started_at": AT, "finished_at": AT,
                "evidence": told, "prev_sha256": head,
            }  # fmt: skip
            record = canonical(whole)
            records.append(record)
            before, head = head, digest(record)
            text = canonical(told).decode()
            yield (
                len(records), machine, seq, source, event, target, 1, AT, AT, text, before, head
            )  # fmt: skip


_compress = zstandard.ZstdCompressor(level=3).compress


def _artifact(raw: sqlite.Connection, text: str) -> str:
    content = text.encode()
    sha256 = digest(content)
    values = (sha256, "log", "text/plain", len(content), _compress(content))
    raw.execute("INSERT INTO artifacts VALUES (?, ?, ?, ?, ?)", values)
    return sha256


@dataclass(frozen=True)
class Took:
    """How long something took by the clock, and how much of the processors, in seconds."""

    wall: float
    cpu: float


def took(what: Callable[[], None]) -> Took:
    """Both of one call, with the processes that it starts and ends."""
    begun, before = time.perf_counter(), os.times()
    what()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Took(time.perf_counter() - begun, cpu)


def walk(path: Path, processes: int | None) -> None:
    """The chain alone."""
    chosen = Workers.worth(path) if processes is None else Workers(processes)
    with chosen as workers, reading(path) as connection:
        chain.check(connection, scope_of(connection, path, None, None), workers)


def whole(path: Path, processes: int | None) -> None:
    """All that `--quick` checks."""
    report = audit(path, processes=processes)
    assert report.holds, report.violation


def hashed(records: Sequence[bytes]) -> None:
    """The records by hashlib."""
    for record in records:
        hashlib.sha256(record).hexdigest()


def main() -> None:
    """Build, measure each in turn, print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transitions", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=None)
    claims.option(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        records = build(path, given.transitions)
        size, stored = sum(map(len, records)), path.stat().st_size
        print(f"{len(records):,} transitions, {size:,} bytes of records, {stored:,} of database")
        work: dict[str, Callable[[], None]] = {
            "hashlib alone": lambda: hashed(records),
            "the chain": lambda: walk(path, given.processes),
            "--quick audit": lambda: whole(path, given.processes),
        }
        rounds = [[took(one) for one in work.values()] for _ in range(given.rounds)]
    best = [
        Took(min(one.wall for one in each), min(one.cpu for one in each))
        for each in zip(*rounds, strict=True)
    ]
    for what, one in zip(work, best, strict=True):
        rate = len(records) / one.wall
        ratio, by_cpu = best[0].wall / one.wall, best[0].cpu / one.cpu
        print(
            f"{what:<14}{rate:>12,.0f} transitions/s  {one.wall:6.2f} s  ratio {ratio:.2f}"
            f"  (processor time {one.cpu:6.2f} s, ratio {by_cpu:.2f})"
        )
    print(f"the chain's ratio is to be at least {TARGET:.2f}")
    if given.json:
        alone, walked, audited = (len(records) / one.wall for one in best)
        beside = f"hashlib alone, the same {len(records):,} records"
        claims.tell([
            claims.at_least(TARGET, "transitions/s of the chain", walked, beside, alone, "/s"),
            claims.beside("transitions a second, audit --quick", audited, beside, alone, "/s"),
        ])  # fmt: skip


if __name__ == "__main__":
    main()
