import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest

import stillwater
from stillwater.errors import InputError
from stillwater.store import Store, StoreError, refuse_foreign
from stillwater.store.engine import connect, driver, healthy, require_healthy
from tests.store.raw import on_file
from tests.store.stories import new_run

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}


@on_file
@pytest.mark.parametrize("read_only", [False, True])
def test_the_pragmas_are_as_promised(db: Path, read_only: bool) -> None:
    connect(db).close()
    connection = connect(db, read_only)
    raw = driver(connection)
    expected = {**PRAGMAS, "query_only": int(read_only), "application_id": 0x5374576C}
    assert {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in expected} == expected
    connection.close()


@on_file
def test_writing_makes_the_database_and_reading_does_not(db: Path) -> None:
    with pytest.raises(InputError, match=r"no database at .*; start with `stillwater run`"):
        Store.open(db, read_only=True)
    assert not db.exists()
    Store.open(db).close()
    assert [path.name for path in db.parent.iterdir()] == ["stillwater.db"]


def test_a_missing_folder_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder .*absent to hold the database"):
        Store.open(tmp_path / "absent" / "stillwater.db")


@on_file
def test_an_empty_file_is_a_new_database(db: Path) -> None:
    db.touch()
    with pytest.raises(InputError, match="is empty"):
        Store.open(db, read_only=True)
    with Store.open(db) as store:
        assert store.runs() == []


@on_file
@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_database_is_refused_and_left_alone(db: Path, read_only: bool) -> None:
    db.write_text("a letter to no one\n" * 100)
    with pytest.raises(InputError, match="is not a database"):
        Store.open(db, read_only=read_only)
    assert db.read_text().startswith("a letter")
    assert [path.name for path in db.parent.iterdir()] == ["stillwater.db"]


@on_file
@pytest.mark.parametrize("read_only", [False, True])
def test_anothers_database_is_refused_and_left_alone(db: Path, read_only: bool) -> None:
    other = sqlite.connect(db)
    other.execute("CREATE TABLE bookmarks (url)")
    other.commit()
    other.close()
    before = db.read_bytes()
    with pytest.raises(InputError, match="is an SQLite database, but not Stillwater's"):
        Store.open(db, read_only=read_only)
    assert db.read_bytes() == before


@on_file
@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_database_says_which_version_it_needs(db: Path, read_only: bool) -> None:
    Store.open(db).close()
    raw = sqlite.connect(db, isolation_level=None)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.execute("PRAGMA user_version = 2003004")
    raw.close()
    with pytest.raises(InputError, match=r"newer Stillwater: install version 2\.3\.4 or later"):
        Store.open(db, read_only=read_only)


@on_file
def test_the_version_that_made_the_schema_is_in_the_header(db: Path) -> None:
    Store.open(db).close()
    raw = sqlite.connect(db)
    (number,) = raw.execute("PRAGMA user_version").fetchone()
    raw.close()
    parts = (number // 1_000_000, number // 1_000 % 1_000, number % 1_000)
    assert ".".join(map(str, parts)) == stillwater.__version__


@pytest.mark.parametrize(
    ("version", "fine"),
    [
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_an_sqlite_with_the_wal_reset_defect_is_refused(
    version: tuple[int, ...], fine: bool
) -> None:
    assert healthy(version) is fine
    if not fine:
        with pytest.raises(InputError, match="can corrupt a WAL database"):
            require_healthy(version)
    require_healthy()


@on_file
def test_a_damaged_database_gives_a_sentence(db: Path) -> None:
    with Store.open(db) as store:
        new_run(store)
    content = bytearray(db.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    db.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"), Store.open(db) as store:
        store.runs()


CUT_SHORT = """
import os, sys
import pysqlite3.dbapi2 as sqlite
raw = sqlite.connect(sys.argv[1], isolation_level=None)
raw.execute("PRAGMA cache_size = 1")
raw.execute("BEGIN")
raw.execute("CREATE TABLE half (made)")
raw.executemany("INSERT INTO half VALUES (randomblob(4000))", [()] * 50)
os._exit(0)
"""


@on_file
def test_a_database_whose_making_was_cut_short_is_made_anew(db: Path) -> None:
    subprocess.run([sys.executable, "-c", CUT_SHORT, str(db)], check=True)
    assert db.with_name(db.name + "-journal").exists()
    with pytest.raises(InputError, match="cut short: `stillwater run` begins anew"):
        Store.open(db, read_only=True)
    refuse_foreign(db)
    with Store.open(db) as store:
        assert store.runs() == []


NOBODY = 65534
AS_NOBODY = """
import os, sys
from pathlib import Path
from stillwater.errors import StillwaterError
from stillwater.store import Store
if os.getuid() == 0:
    os.setuid(int(sys.argv[2]))
try:
    print(len(Store.open(Path(sys.argv[1]), read_only=True).runs()), "run")
    Store.open(Path(sys.argv[1]))
except StillwaterError as error:
    print(type(error).__name__, error)
"""


def test_in_a_read_only_folder_one_can_read_and_writing_gives_a_sentence() -> None:
    # Not tmp_path: its parents are closed to other users.
    folder = Path(tempfile.mkdtemp())
    try:
        db = folder / "stillwater.db"
        with Store.open(db) as store:
            new_run(store)
        db.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(db), str(NOBODY)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert done.stdout.splitlines()[:1] == ["1 run"], done
        assert "StoreError" in done.stdout
        assert "read-only" in done.stdout
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
