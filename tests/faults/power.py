"""Power loss: what was written is replayed up to some point, and what was not synced is dropped.

strace records every write, truncation and sync of the database, its log and the heads, and the log
lines that tell of transitions. An image is what a disk may hold when the power goes at some point:
all that was synced, and of the rest nothing, all, some, or some of it torn. Names of files are
taken to be on disk as soon as they are made.
"""

import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite

from stillwater.audit.whole import audit
from tests.faults.inject import heads, wal
from tests.faults.registry import fault, strace
from tests.faults.world import ROWS, World

IMAGES = 80
SECTOR = 512
CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,unlink"
LINE = re.compile(r"\d+ +(\w+)\((?:\d+<([^>]*)>|\"([^\"]*)\")(?:, )?(.*)")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>")
TRANSITION = b'"event": "transition"'


@dataclass(frozen=True)
class Call:
    """One system call: `content` at `at` for a write, the new size in `at` for a truncation."""

    name: str
    file: str
    content: bytes = b""
    at: int = 0


@dataclass
class Disk:
    """The files of a disk: what is synced, and what is written since."""

    synced: dict[str, bytes]
    pending: dict[str, list[Call]] = field(default_factory=dict)

    def do(self, call: Call) -> None:
        """Follow one call."""
        if call.name == "unlink":
            self.synced.pop(call.file, None)
            self.pending.pop(call.file, None)
        elif call.name in {"fsync", "fdatasync"}:
            for one in self.pending.pop(call.file, []):
                self.synced[call.file] = _apply(self.synced.get(call.file, b""), one)
            self.synced.setdefault(call.file, b"")
        else:
            self.pending.setdefault(call.file, []).append(call)

    def image(self, chance: random.Random) -> dict[str, bytes]:
        """What may be there when the power goes now."""
        how = chance.choice(("nothing", "all", "some", "torn"))
        found = dict(self.synced)
        for file, calls in self.pending.items():
            kept = [
                one for one in calls if how == "all" or (how != "nothing" and chance.random() < 0.5)
            ]
            if how == "torn" and kept and kept[-1].content:
                last = kept.pop()
                size = chance.randrange(0, len(last.content) + 1, SECTOR)
                kept.append(Call(last.name, last.file, last.content[:size], last.at))
            content = found.get(file, b"")
            for one in kept:
                content = _apply(content, one)
            found[file] = content
        return found


@fault("power loss", f"strace's record of all writes, replayed: {IMAGES} images a time", strace)
def power_loss(world: World) -> None:
    process = world.start()
    world.until(world.is_begun, process)
    process.terminate()
    world.ended(process, 143, -15)
    (log,) = [*world.home.glob("runs/*/log.jsonl")] or [_log_to_be(world)]
    files = {str(path): path.name for path in (world.db, wal(world), heads(world), log)}
    before = {name: Path(path).read_bytes() for path, name in files.items() if Path(path).exists()}
    world.ended(world.start(before=_recorded(world, files)))
    calls = list(_calls(world, files))
    assert sum(one.name in {"fsync", "fdatasync"} for one in calls) > 10
    final = world.rows()
    for _ in range(IMAGES):
        point = world.chance.randrange(len(calls))
        image, told = _image(world, before, calls[:point])
        _survives(world, image, told, final)
    _put(world, image, told, final, log)


def _log_to_be(world: World) -> Path:
    ((run_id,),) = world.read("SELECT id FROM runs")
    return world.home / "runs" / str(run_id) / "log.jsonl"


def _recorded(world: World, files: dict[str, str]) -> tuple[str, ...]:
    paths = [word for path in files for word in ("-P", path)]
    record = str(world.folder / "strace.txt")
    return (
        "strace", "-f", "-qq", "-y", "-xx", "-s", "16777216", "-o", record, *paths,
        "-e", f"trace={CALLS}", "-e", "signal=none",
    )  # fmt: skip


def _calls(world: World, files: dict[str, str]) -> Iterator[Call]:
    """What strace recorded: writes when they begin, syncs when they are done."""
    waiting: dict[str, Call] = {}
    for line in (world.folder / "strace.txt").read_text().splitlines():
        resumed = RESUMED.match(line)
        if resumed:
            if (call := waiting.pop(resumed[1], None)) is not None:
                yield call
            continue
        found = LINE.match(line)
        if not found or (name := files.get(_text(found[2] or found[3]).decode())) is None:
            continue
        call = _call(found[1], name, found[4])
        if line.endswith("<unfinished ...>") and call.name in {"fsync", "fdatasync"}:
            waiting[line.split()[0]] = call
        else:
            yield call


def _call(name: str, file: str, rest: str) -> Call:
    if name in {"pwrite64", "write"}:
        quoted, _, numbers = rest.removeprefix('"').partition('"')
        at = numbers.strip(", ").split(",")[1] if name == "pwrite64" else "-1"
        return Call(name, file, _text(quoted), int(re.match(r"\s*(-?\d+)", at)[1]))  # type: ignore[index]
    size = re.match(r"(\d+)", rest)
    return Call(name, file, at=int(size[1]) if size and name == "ftruncate" else 0)


def _text(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _apply(content: bytes, call: Call) -> bytes:
    if call.name == "ftruncate":
        return content[: call.at].ljust(call.at, b"\0")
    at = len(content) if call.at < 0 else call.at
    return content[:at].ljust(at, b"\0") + call.content + content[at + len(call.content) :]


def _image(
    world: World, before: dict[str, bytes], calls: list[Call]
) -> tuple[dict[str, bytes], int]:
    """A disk after these calls, and how many transitions had been told of by then."""
    disk = Disk(dict(before))
    for call in calls:
        disk.do(call)
    log = before.get("log.jsonl", b"") + b"".join(
        one.content for one in calls if one.file == "log.jsonl"
    )
    return disk.image(world.chance), log.count(TRANSITION)


def _survives(
    world: World, image: dict[str, bytes], told: int, final: list[tuple[Any, ...]]
) -> None:
    """The image is a sound database, a beginning of the final one, with all that was told of."""
    place = world.folder / "image"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in image.items():
        (place / name).write_bytes(content)
    db = place / world.db.name
    with closing(sqlite.connect(db)) as database:
        rows = list(database.execute(ROWS))
        assert [one for (one,) in database.execute("PRAGMA integrity_check")] == ["ok"]
    assert rows == final[: len(rows)]
    assert len(rows) >= told, f"{told} transitions were told of, {len(rows)} are there"
    report = audit(db)
    assert report.violation is None, report.violation


def _put(
    world: World, image: dict[str, bytes], told: int, final: list[tuple[Any, ...]], log: Path
) -> None:
    """Let the run go on from that image, as if nothing after it had happened."""
    for path in (world.db, wal(world), heads(world)):
        path.unlink(missing_ok=True)
        if path.name in image:
            path.write_bytes(image[path.name])
    world.db.with_name(world.db.name + "-shm").unlink(missing_ok=True)
    shutil.rmtree(world.folder / "image")
    log.write_bytes(b"")
    world.announced = Counter()
    world.acknowledged = {row[0]: row for row in final[:told]}
