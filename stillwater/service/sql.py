"""Datasette at /sql: whoever is let in asks the database anything, and can change nothing.

Reading is all that its connections can do: the file is opened for reading, SQLite refuses whatever
isn't a query, and each query ends at a limit of time and of what it brings. In WAL mode no reader
keeps the scheduler waiting.
"""

import asyncio
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pysqlite3.dbapi2 as sqlite
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm
from datasette.utils import allowed_pragmas
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwater.service.problems import problem
from stillwater.where import Server

if TYPE_CHECKING:
    from stillwater.service.app import Service

AT = "/sql"
NAME = "stillwater"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Datasette's pages style themselves inline; their scripts they can do without."""
SETTINGS = {
    "base_url": f"{AT}/",
    "sql_time_limit_ms": 2000,
    "max_returned_rows": 1000,
    "num_sql_threads": 2,
    "default_allow_sql": True,
    "allow_download": False,
    "allow_facet": False,
    "suggest_facets": False,
    "allow_csv_stream": False,
    "default_cache_ttl": 0,
}
SERVED = re.compile(rf"{AT}/(?:{NAME}(?:[/.].*)?|-/static/.*)?")
"""The index, the database and the styles; of Datasette's inner life nothing is told."""
QUESTION = re.compile(r"^-- name: ([\w-]+)\n((?:-- [^\n]*\n)+)(.*?);$", re.DOTALL | re.MULTILINE)
SECRET = frozenset({b"authorization", b"cookie"})
"""The headers that Datasette doesn't get: it needs none, and has nothing to keep them for."""

ON_SERVER = (
    "this database is on a PostgreSQL server, which answers questions itself: ask it with any "
    "client of PostgreSQL, by a role that may only read"
)
MOST_BYTES = 16 << 20
"""Of all that one query brings; a thousand rows of what SQLite can make would be a terabyte."""
PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")
READING = frozenset({sqlite.SQLITE_SELECT, sqlite.SQLITE_READ, sqlite.SQLITE_RECURSIVE})


def mount(app: FastAPI, service: "Service") -> None:
    """Add it to the application; the database must exist."""
    if isinstance(service.db, Server):
        app.mount(AT, problem(404, ON_SERVER))
        return
    asked = Questions(service.db)
    service.readers.close_with(asked.close)
    app.mount(AT, asked)


def questions() -> dict[str, dict[str, str]]:
    """The questions that are kept, by their names: each with its title and its SQL."""
    text = files("stillwater.service").joinpath("queries.sql").read_text("utf-8")
    return {
        name: {"title": " ".join(told.replace("-- ", "").split()), "sql": sql}
        for name, told, sql in QUESTION.findall(text)
    }


class Questions:
    """Datasette, started by the first request, for a mounted application is never told to."""

    def __init__(self, db: Path) -> None:
        self._db = db
        self._starting = asyncio.Lock()
        self._app: ASGIApp | None = None
        self._database: ReadOnly | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            answer = problem(405, "the database is only read here", {"Allow": "GET, HEAD"})
            await answer(scope, receive, send)
        elif not SERVED.fullmatch(scope["path"]):
            await problem(404, "there is no such page")(scope, receive, send)
        else:
            app = await self._started()
            told = [(name, value) for name, value in scope["headers"] if name not in SECRET]
            await app({**scope, "headers": told}, receive, _with_policy(send))

    def close(self) -> None:
        """Close its connections; a query that runs is waited for."""
        if self._database is not None:
            self._database.ds.executor.shutdown(cancel_futures=True)
            self._database.close()

    async def _started(self) -> ASGIApp:
        async with self._starting:
            if self._app is None:
                # Else it prints a page of all variables for each query that someone mistypes.
                pm.get_plugin("datasette.handle_exception").rich = None
                kept = {"databases": {NAME: {"queries": questions()}}}
                datasette = Reader(files=[], settings=SETTINGS, metadata=kept)
                datasette.remove_database("_memory")
                self._database = ReadOnly(datasette, path=str(self._db))
                datasette.add_database(self._database, name=NAME)
                await datasette.invoke_startup()
                made: ASGIApp = datasette.app()
                self._app = made
            return self._app


class Reader(Datasette):  # type: ignore[misc]
    """Datasette, whose queries bring only so much."""

    def _prepare_connection(self, conn: sqlite.Connection, database: str) -> None:
        super()._prepare_connection(conn, database)
        if database == NAME:
            conn.row_factory = Budget()


class ReadOnly(Database):  # type: ignore[misc]
    """The database as it is opened for questions."""

    def connect(self, write: bool = False) -> sqlite.Connection:
        """A connection that can do nothing but read."""
        if write:
            raise sqlite.OperationalError("the database is only read here")
        connection = sqlite.connect(
            f"{Path(self.path).resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        for pragma in PRAGMAS:
            connection.execute(pragma).fetchall()
        connection.set_authorizer(_allowed)
        self._all_file_connections.append(connection)
        return connection

    async def execute(self, *args: Any, **options: Any) -> Any:
        """Datasette's, which tells who asked what is wrong with a query, and nobody else."""
        try:
            return await super().execute(*args, **{**options, "log_sql_errors": False})
        except sqlite.Warning as error:
            raise sqlite.OperationalError(str(error)) from error


class Budget:
    """Makes rows, and ends a query that brings too many bytes to hold."""

    def __init__(self) -> None:
        self._brought: WeakKeyDictionary[sqlite.Cursor, int] = WeakKeyDictionary()

    def __call__(self, cursor: sqlite.Cursor, row: tuple[Any, ...]) -> Any:
        """The row, counted."""
        size = sum(len(value) for value in row if isinstance(value, str | bytes))
        brought = self._brought.get(cursor, 0) + size
        if brought > MOST_BYTES:
            raise sqlite.OperationalError(
                f"the rows hold more than {MOST_BYTES >> 20} MiB: ask for fewer of them, or "
                "columns, or for substr(…)"
            )
        self._brought[cursor] = brought
        return sqlite.Row(cursor, row)


def _allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """SQLite's question, for each thing that a statement would do, whether it may."""
    if action == sqlite.SQLITE_FUNCTION:
        may = second != "load_extension"
    elif action == sqlite.SQLITE_PRAGMA:
        may = first in allowed_pragmas
    else:
        may = action in READING
    return int(sqlite.SQLITE_OK if may else sqlite.SQLITE_DENY)


def _with_policy(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["content-security-policy"] = CONTENT_SECURITY_POLICY
        await send(message)

    return sending
