"""A database without the store's code: what its own client could ask and do."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest

from stillwater.where import Database, Server

on_file = pytest.mark.parametrize("db", ["sqlite"], indirect=True)
"""Marks what is about SQLite's file alone."""
on_server = pytest.mark.parametrize("db", ["postgresql"], indirect=True)
"""Marks what is about PostgreSQL alone."""


class Raw:
    """A connection of either kind; `?` stands for a value."""

    def __init__(self, connection: Any, *, served: bool) -> None:
        self._connection = connection
        self._served = served

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        """The cursor of a statement, which is a transaction of its own."""
        if not values:
            return self._connection.execute(statement.encode() if self._served else statement)
        if self._served:
            statement = statement.replace("?", "%s")
        return self._connection.execute(statement, values)

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """All rows, by the names of their columns."""
        cursor = self.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def unguard(self) -> None:
        """Do what only a database's owner can: get past the triggers."""
        if self._served:
            self.execute("SET session_replication_role = replica")
            return
        for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            self.execute(f"DROP TRIGGER {row['name']}")


@contextmanager
def raw(db: Database) -> Iterator[Raw]:
    """A connection, closed afterwards."""
    if isinstance(db, Server):
        import psycopg

        with psycopg.connect(**db.options(), autocommit=True) as served:
            yield Raw(served, served=True)
        return
    with closing(sqlite.connect(db, isolation_level=None)) as file:
        yield Raw(file, served=False)


def refusal(db: Database) -> type[Exception]:
    """What the driver raises for what the database refuses."""
    if isinstance(db, Server):
        import psycopg

        return psycopg.IntegrityError
    refused: type[Exception] = sqlite.IntegrityError
    return refused
