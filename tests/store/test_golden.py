"""Databases that earlier versions of Stillwater wrote: brought up to date whole, or not at all.

golden/schema-NNNN.db.zst is a finished run of two samples, two attempts each, as the last version
with that schema wrote it. One is added before a migration is.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
import zstandard

from stillwater.audit.whole import audit
from stillwater.store import Store, engine
from stillwater.store.migrate import revisions, scripts
from stillwater.store.upkeep import back_up
from tests.e2e.command import stillwater
from tests.store.test_migrations import schema

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.db.zst"))
MOST_STATEMENTS = 500
KEPT = ("runs", "instances", "machines", "transitions", "artifacts")


@pytest.fixture(params=GOLDEN, ids=lambda file: file.name.split(".")[0])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    db = tmp_path / "stillwater.db"
    db.write_bytes(zstandard.ZstdDecompressor().decompress(request.param.read_bytes()))
    return db


def rows(db: Path) -> Mapping[str, list[Any]]:
    with closing(sqlite.connect(db)) as raw:
        return {table: raw.execute(f"SELECT * FROM {table}").fetchall() for table in KEPT}


def shape(db: Path) -> tuple[str, Mapping[str, str]]:
    with closing(sqlite.connect(db)) as raw:
        (revision,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        return revision, schema(raw)


def backups(db: Path) -> list[Path]:
    return list(db.parent.glob(f"{db.stem}.schema-*.db"))


def test_every_earlier_schema_has_its_golden_file() -> None:
    kept = {file.name.split(".")[0].removeprefix("schema-") for file in GOLDEN}
    # 0001 was never released: the views of 0002 came with it.
    assert kept == set(revisions(scripts())[1:-1])


def test_it_is_migrated_and_all_of_it_holds(old: Path) -> None:
    before = rows(old)

    with Store.open(old) as store:
        (run,) = store.runs()
        assert [row.state.value for row in store.machines(run.id)] == ["FAILED", "FAILED"]

    assert shape(old)[0] == revisions(scripts())[-1]
    assert rows(old) == before
    assert audit(old).violation is None
    (backup,) = backups(old)
    assert rows(backup) == before


def migration_killed_at(db: Path, number: int) -> bool:
    """Open it for writing, with kill -9 as its statement of that number begins; whether it came."""
    child = os.fork()
    if not child:
        numbers = count(1)
        opened = engine._open

        def counted(path: Path, read_only: bool) -> sqlite.Connection:
            raw = opened(path, read_only)
            raw.set_trace_callback(
                lambda _: os.kill(os.getpid(), signal.SIGKILL) if next(numbers) == number else None
            )
            return raw

        engine._open = counted
        try:
            engine.connect(db).close()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}
    return status != 0


def test_killed_at_any_statement_it_is_the_old_or_the_new_one(old: Path) -> None:
    content, before = old.read_bytes(), rows(old)
    old_shape = shape(old)
    Store.open(old).close()
    new_shape = shape(old)
    seen = set()

    for number in range(1, MOST_STATEMENTS):
        for left in old.parent.iterdir():
            left.unlink()
        old.write_bytes(content)
        if not migration_killed_at(old, number):
            break
        now = shape(old)
        assert now in (old_shape, new_shape)
        assert rows(old) == before
        assert now == old_shape or len(backups(old)) == 1
        Store.open(old).close()
        assert shape(old) == new_shape
        assert not list(old.parent.glob("*.partial"))
        seen.add(now == new_shape)

    assert 10 < number < MOST_STATEMENTS - 1
    assert seen == {True, False} or seen == {False}


def test_resume_migrates_it_as_readers_are_told(old: Path) -> None:
    refused = stillwater(old.parent, "status")
    assert refused.returncode == 2
    assert "`stillwater resume` migrates it" in refused.stderr

    done = stillwater(old.parent, "resume")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing to resume" in done.stdout
    assert shape(old)[0] == revisions(scripts())[-1]
    assert len(backups(old)) == 1


def test_it_is_backed_up_as_it_is(old: Path) -> None:
    before = shape(old), rows(old)
    back_up(old, old.with_name("copy.db"))
    assert (shape(old.with_name("copy.db")), rows(old.with_name("copy.db"))) == before
    assert (shape(old), rows(old)) == before
