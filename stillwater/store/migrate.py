"""Which schema a database has, and how it gets the newest: alembic's scripts, wherever they lie."""

import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection

import stillwater
from stillwater.errors import InputError
from stillwater.store.schema import APPLICATION_ID
from stillwater.where import Database

PARTIAL = ".partial"
"""How the name of a copy ends that isn't complete; a kill may leave one, the next takes it away."""


def scripts() -> Path:
    """The folder of alembic's scripts: inside an installed package, beside it in a checkout."""
    package = Path(stillwater.__file__).parent
    for folder in (package / "_alembic", package.parent / "alembic"):
        if (folder / "env.py").exists():
            return folder
    raise InputError(f"this installation of Stillwater lacks its migrations: nothing at {folder}")


def revisions(folder: Path) -> list[str]:
    """All revisions, oldest first; read from file names, for importing alembic takes long."""
    return sorted(path.name.split("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py"))


def revision(raw: sqlite.Connection, path: Path) -> str | None:
    """The revision of an open database; None for one that has nothing in it.

    Raises:
        InputError: it is not Stillwater's.
    """
    try:
        (application,) = raw.execute("PRAGMA application_id").fetchone()
        names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
    except sqlite.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_NOTADB":
            raise InputError(f"{path} is not a database: give the path of Stillwater's") from error
        raise
    if not names and application in (0, APPLICATION_ID):
        return None
    if application != APPLICATION_ID or "alembic_version" not in names:
        raise InputError(
            f"{path} is an SQLite database, but not Stillwater's: give another path with --db"
        )
    found = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def refuse_newer(raw: sqlite.Connection, path: Path, found: str, known: list[str]) -> None:
    """Raise InputError if a newer Stillwater made the schema, naming the version that is needed."""
    if found in known:
        return
    (number,) = raw.execute("PRAGMA user_version").fetchone()
    needed = f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"
    raise InputError(newer(path, found, known, needed))


def newer(db: Database, found: str, known: list[str], needed: str) -> str:
    """What to say of a database that a newer Stillwater made."""
    return (
        f"{db} was written by a newer Stillwater: install version {needed} or later "
        f"(this is {stillwater.__version__}; the schema is {found}, known up to {known[-1]})"
    )


def stamp_version(connection: Connection) -> None:
    """Note in the database which version of Stillwater made the schema, for `newer`."""
    if connection.dialect.name == "postgresql":
        from stillwater.store.postgresql import connect as server

        server.stamp_version(connection)
        return
    major, minor, patch = (int(part) for part in stillwater.__version__.split(".")[:3])
    number = major * 1_000_000 + minor * 1_000 + patch
    connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def upgrade(connection: Connection, folder: Path) -> None:
    """Bring an open database to the newest schema, in one transaction."""
    from alembic.command import upgrade as run
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _upgrading:  # alembic keeps what it works on in its modules
        run(config, "head")


_upgrading = threading.Lock()


def carry_out(connection: Connection, script: str, statements: Sequence[str]) -> None:
    """Carry out what a revision is: its statements on SQLite, on PostgreSQL the file of its name.

    `script` is the revision's own file.
    """
    if connection.dialect.name != "postgresql":
        for statement in statements:
            connection.exec_driver_sql(statement)
        return
    path = Path(script)
    text = (path.parents[1] / "postgresql" / f"{path.stem}.sql").read_text("utf-8")
    # Functions that triggers call look for tables where they were made, and nowhere else.
    connection.exec_driver_sql(
        "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)"
    )
    connection.exec_driver_sql(text, execution_options={"no_parameters": True})


def back_up(raw: sqlite.Connection, path: Path, found: str) -> Path:
    """A copy of the database beside it, complete and on disk before its name appears."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    for left in path.parent.glob(f"{path.stem}.schema-*.db{PARTIAL}"):
        left.unlink(missing_ok=True)
    copy = path.with_name(f"{path.stem}.schema-{found}.{moment}.db")
    copy_to(raw, copy)
    return copy


def copy_to(raw: sqlite.Connection, copy: Path) -> None:
    """Write a copy of an open database, complete and on disk before its name appears."""
    partial = copy.with_name(copy.name + PARTIAL)
    partial.unlink(missing_ok=True)
    try:
        raw.execute("VACUUM INTO ?", (str(partial),))
        # VACUUM INTO doesn't sync what it writes.
        for target in (partial, copy.parent):
            sync(target)
        partial.replace(copy)
        sync(copy.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Have the file, or the names in the folder, on disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
