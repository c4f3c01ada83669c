"""The database itself: locked by others, damaged; and the faults that other tests play."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pysqlite3.dbapi2 as sqlite

from tests.faults.inject import heads, wal
from tests.faults.registry import Elsewhere, fault
from tests.faults.world import World
from tests.patience import DEADLINE

OPENING = "tests/store/test_open.py::test_{}"
INPUT = "tests/e2e/test_bad_input.py::test_{}"
ELSEWHERE = (
    Elsewhere(
        "database: read-only", "another user, in a folder that is read-only",
        (OPENING.format("in_a_read_only_folder_one_can_read_and_writing_gives_a_sentence"),),
    ),
    Elsewhere(
        "database: of a newer version", "the schema's version is set to 9999",
        (
            INPUT.format("a_database_of_a_newer_version"),
            OPENING.format("a_newer_database_says_which_version_it_needs"),
        ),
    ),
    Elsewhere(
        "database: someone else's, or none", "a database of other tables; a text file",
        (INPUT.format("someone_elses_database"), INPUT.format("a_database_that_is_none")),
    ),
    Elsewhere(
        "database: tampered with", "rows changed, cut off, made anew; heads and git tell",
        ("tests/audit/test_tampering.py",),
    ),
)  # fmt: skip


@fault("database locked", "another process holds BEGIN IMMEDIATE: a second, then until it gives up")
def locked(world: World) -> None:
    process = world.start()
    world.until_committed(process, world.chance.randint(1, 6))
    with _locked(world):
        time.sleep(1.0)
    world.until_committed(process, sum(world.announced.values()) + world.chance.randint(1, 4))
    with _locked(world):
        world.ended(process, 1)


@fault("database damaged", "bytes flipped in some page after a stop; the backup is put back")
def damaged(world: World) -> None:
    _stop_midway(world)
    backup = world.folder / "backup.db"
    _ask(world, "db", "backup", str(backup), code=0)
    _flip(world)
    _ask(world, "audit", code=1)
    for file in (world.db, wal(world)):
        file.unlink(missing_ok=True)
    shutil.copy(backup, world.db)


@fault("write-ahead log deleted", "after kill -9; the audit must tell by the heads; both put back")
def log_deleted(world: World) -> None:
    process = world.start()
    seen = world.until_committed(process, world.chance.randint(3, 8))
    # Long enough for a head of it to be kept: only with that can the loss be told.
    if seen:
        world.until(lambda: _is_kept(world), process)
    world.kill(process)
    if not wal(world).exists() or not _is_kept(world):
        return
    shutil.copy(wal(world), world.folder / "wal.kept")
    wal(world).unlink()
    _ask(world, "audit", code=1, other=2)
    shutil.copy(world.folder / "wal.kept", wal(world))
    world.db.with_name(world.db.name + "-shm").unlink(missing_ok=True)


def _is_kept(world: World) -> bool:
    """Whether a head has been written to its end."""
    return heads(world).exists() and heads(world).read_bytes().endswith(b"\n")


def _stop_midway(world: World) -> None:
    process = world.start()
    world.until_committed(process, world.chance.randint(2, 10))
    process.terminate()
    world.ended(process, 143)


def _flip(world: World) -> None:
    """Change one bit of some evidence."""
    with closing(sqlite.connect(world.db)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = database.execute("SELECT evidence FROM transitions ORDER BY id").fetchall()
    (evidence,) = world.chance.choice(rows)
    content = world.db.read_bytes()
    known = str(evidence).encode()[:200]
    assert known in content
    changed = bytearray(known)
    changed[world.chance.randrange(len(known))] ^= 1 << world.chance.randrange(7)
    world.db.write_bytes(content.replace(known, bytes(changed)))


def _ask(world: World, *words: str, code: int, other: int | None = None) -> None:
    process = world.start(*words)
    ended = process.wait(DEADLINE)
    assert ended in {code, other}, world.said[-3000:]


@contextmanager
def _locked(world: World) -> Iterator[None]:
    """Within, nobody else can write to the database."""
    with closing(sqlite.connect(world.db, isolation_level=None, timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
