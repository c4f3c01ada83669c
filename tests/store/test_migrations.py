import re
import shutil
import subprocess
import sys
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade, upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import alembic
from stillwater.errors import InputError
from stillwater.store import Store
from stillwater.store.engine import connect, driver, opened
from stillwater.store.migrate import revisions, scripts
from stillwater.store.schema import metadata
from stillwater.store.triggers import TRIGGERS
from stillwater.store.views import VIEWS
from stillwater.where import Database
from tests.holds import holds
from tests.store.raw import on_file, raw
from tests.store.stories import new_run

ROOT = Path(__file__).parents[2]


def config(connection: Connection | None, folder: Path | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(folder or scripts()))
    made.attributes["connection"] = connection
    return made


def schema(raw: sqlite.Connection) -> dict[str, str]:
    rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
    return {name: _plain(sql) for name, sql in rows if name != "alembic_version"}


def _plain(sql: str) -> str:
    parts = re.split(r"('[^']*')", sql.rstrip(";"))
    parts[::2] = [re.sub(r"\s+|(?<=RAISE)", " ", part) for part in parts[::2]]
    parts[::2] = [re.sub(r" ?([(),;]) ?", r"\1", part) for part in parts[::2]]
    return "".join(parts).strip()


@on_file
def test_the_migrations_make_what_the_code_declares(db: Path) -> None:
    connection = connect(db)
    migrated = schema(driver(connection))
    connection.close()
    declared = connect_bare(db.with_name("declared.db"))
    with declared.begin():
        metadata.create_all(declared)
        for statement in (*TRIGGERS, *VIEWS):
            declared.exec_driver_sql(statement)
    assert migrated == schema(driver(declared))
    assert len([name for name in migrated if name.endswith("no_update")]) == 5
    assert {"attempts", "outcomes", "success_at_k", "model_usage", "test_results"} < set(migrated)
    declared.close()


def connect_bare(path: Path) -> Connection:
    from stillwater.store.engine import _connect

    return _connect(path, read_only=False)


def test_autogenerate_finds_no_difference(db: Database) -> None:
    connection = connect(db)
    with connection.begin():
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    connection.close()


def test_revisions_are_in_the_order_of_their_names() -> None:
    directory = ScriptDirectory.from_config(config(None))
    walked = [script.revision for script in directory.walk_revisions()]
    assert walked[::-1] == revisions(scripts())


def test_a_database_is_never_downgraded(db: Database) -> None:
    connection = connect(db)
    with pytest.raises(NotImplementedError, match="never downgraded"):
        downgrade(config(connection), "base")
    connection.close()


def test_alembics_own_command_line_migrates_a_file(tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-x", f"db={db}", "upgrade", "head"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Store.open(db) as store:
        assert store.runs() == []


def test_the_folder_of_scripts_doesnt_shadow_the_package() -> None:
    assert "site-packages" in alembic.__file__
    code = "import alembic.config, stillwater.store; print(alembic.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).parent != ROOT / "alembic"


@pytest.fixture
def older(db: Path) -> Path:
    with opened(db) as connection:
        upgrade(config(connection), "0001")
        raw = driver(connection)
        raw.execute(
            "INSERT INTO runs VALUES ('run-1', '2026-11-23T12:00:00.000000Z', NULL, 'd', ?, "
            "'{}', '0.0.1')",
            ("d" * 64,),
        )
    return db


@on_file
def test_an_older_database_is_migrated_after_a_backup(older: Path) -> None:
    with Store.open(older) as store:
        assert [run.id for run in store.runs()] == ["run-1"]
        new_run(store, "run-2")
    backups = list(older.parent.glob("stillwater.schema-0001.*.db"))
    assert len(backups) == 1
    raw = sqlite.connect(backups[0])
    assert raw.execute("SELECT id FROM runs").fetchall() == [("run-1",)]
    assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    raw.close()
    assert not list(older.parent.glob("*.partial"))


@on_file
def test_a_reader_of_an_older_database_is_told_what_to_do(older: Path) -> None:
    with pytest.raises(InputError, match="older Stillwater: `stillwater resume` migrates it"):
        Store.open(older, read_only=True)
    assert not list(older.parent.glob("*schema-*"))


KILLED = """

def upgrade() -> None:
    import os, signal
    op.get_bind().exec_driver_sql("CREATE TABLE half (id INTEGER)")
    op.get_bind().exec_driver_sql("DROP VIEW outcomes")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_migration_killed_in_the_middle_leaves_the_old_schema(
    db: Database, tmp_path: Path
) -> None:
    Store.open(db).close()
    before = db.read_bytes() if isinstance(db, Path) else b""
    folder = tmp_path / "scripts"
    shutil.copytree(scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = revisions(folder)[-1]
    template = (folder / "versions" / "0002_views.py").read_text().split("VIEWS = ")[0]
    template = template.replace('"0001"', "PARENT").replace('"0002"', '"0099"')
    script = template.replace("PARENT", f'"{head}"') + KILLED
    (folder / "versions" / "0099_killed.py").write_text(script)
    code = (
        "import sys; from pathlib import Path; from stillwater.store.engine import connect; "
        "from stillwater.where import database; "
        "connect(database(sys.argv[1]), scripts=Path(sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(db), str(folder)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -9, done.stderr
    assert holds(db)
    assert not isinstance(db, Path) or db.read_bytes() == before
    with raw(db) as client:
        client.execute("SELECT * FROM outcomes")
        with pytest.raises(Exception, match=r"half"):
            client.execute("SELECT * FROM half")
