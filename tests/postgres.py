"""A PostgreSQL server of the tests' own, from the programs that the system has."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from stillwater.store import Store
from stillwater.where import Server, database

DEBIANS = Path("/usr/lib/postgresql")
"""Debian keeps each version's programs in a folder of their own, off the PATH."""
SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "50",
    "log_min_messages": "fatal",
}
MIGRATED = "migrated"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, of the newest version that is there; None without one."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).parent
    versions = [one for one in DEBIANS.glob("*/bin") if (one / "pg_ctl").exists()]
    return max(versions, key=lambda one: float(one.parent.name), default=None)


@dataclass
class Postgres:
    """A server that listens on a socket in its folder."""

    folder: Path
    programs: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def server(self, name: str) -> Server:
        """The database of that name there."""
        found = database(f"postgresql://postgres@/{name}?host={self.folder}")
        assert isinstance(found, Server)
        return found

    def empty(self) -> Server:
        """A new database with nothing in it."""
        return self._made("template0")

    def migrated(self) -> Server:
        """A new database that has Stillwater's tables, and nothing in them."""
        return self._made(MIGRATED)

    def drop(self, server: Server) -> None:
        """Remove a database, whoever uses it."""
        self.run(f"DROP DATABASE IF EXISTS {server.name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Let the server's owner run a statement."""
        import psycopg

        with psycopg.connect(**self.server("postgres").options(), autocommit=True) as owner:
            owner.execute(statement.encode())

    def restart(self) -> None:
        """Stop it without a word, as a power cut would, and start it again."""
        self.control("restart", "-m", "immediate")

    def control(self, *words: str) -> None:
        """Let pg_ctl do something, and wait until it is done."""
        self.program("pg_ctl", "-D", str(self.folder / "data"), "-w", "-s", *words)

    def program(self, name: str, *words: str) -> None:
        """Run one of the server's programs as who it belongs to, for it refuses root."""
        log = self.folder / "log"
        root = {"user": "postgres", "group": "postgres", "extra_groups": []}
        done = subprocess.run(
            [self.programs / name, *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **(root if os.getuid() == 0 else {}),  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")

    def _made(self, template: str) -> Server:
        made = self.server(f"test_{next(self._numbers)}")
        self.run(f"CREATE DATABASE {made.name} TEMPLATE {template} STRATEGY file_copy")
        return made


@contextmanager
def running(where: Path) -> Iterator[Postgres]:
    """A server, gone afterwards with all that it held."""
    # Not in pytest's folder: the path of a socket is short, and others may not look in there.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        postgres = Postgres(folder, where)
        postgres.program(
            "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
            settings.write(f"unix_socket_directories = '{folder}'\n")
        postgres.control("start", "-l", str(folder / "log"))
        try:
            postgres.run(f"CREATE DATABASE {MIGRATED} TEMPLATE template0")
            Store.open(postgres.server(MIGRATED)).close()
            yield postgres
        finally:
            postgres.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
