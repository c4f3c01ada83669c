"""Which database is meant: a file of SQLite, by its path, or a PostgreSQL server's, by its URL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from stillwater.canonical import digest
from stillwater.errors import InputError, installing

SCHEMES = ("postgresql", "postgres")
SECRET = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
"""What libpq may be given and nobody may see."""
CONNECTING = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "fallback_application_name": "stillwater",
    "client_encoding": "utf8",
}
"""What libpq is told where a URL says nothing of it: a machine that is gone is noticed."""
_AUTHORITY = ("user", "host", "port", "dbname")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

_NO_FILE = re.compile(r"postgres(ql)?:|(.*\s)?(password|host|dbname)\s*=", re.IGNORECASE)
"""libpq's other notation, or a URL mistyped: there may be a password in it."""


@dataclass(frozen=True)
class Server:
    """A database on a PostgreSQL server; as text, its URL without the password.

    `parameters` are libpq's, the password among them if one was given.
    """

    parameters: Mapping[str, str] = field(repr=False, hash=False)

    def __str__(self) -> str:
        known = {name: text for name, text in self.parameters.items() if name not in SECRET}
        user = quote(known["user"], "") + "@" if "user" in known else ""
        place, ports = known.get("host", ""), known.get("port", "")
        if "/" in place or "," in place or "," in ports:
            # A socket's folder, or several hosts: libpq takes them from the query as well.
            place, rest = "", {n: text for n, text in known.items() if n in {"host", "port"}}
        else:
            place, rest = f"[{place}]" if ":" in place else place, {}
            place += f":{ports}" if ports else ""
        rest |= {name: text for name, text in known.items() if name not in _AUTHORITY}
        query = "?" + urlencode(rest, safe="/,") if rest else ""
        return f"postgresql://{user}{place}/{quote(self.name, '')}{query}"

    @property
    def name(self) -> str:
        """The database's name on its server."""
        return self.parameters["dbname"]

    @property
    def password(self) -> str | None:
        """The password, if the URL has one."""
        return self.parameters.get("password")

    def options(self, **more: str) -> dict[str, Any]:
        """What to connect with: as the URL says, and else as `CONNECTING` does."""
        return {**CONNECTING, **self.parameters, **more}

    def hide(self, text: str) -> str:
        """What the server or its driver says, without the password and other secrets."""
        for name, secret in self.parameters.items():
            if name in SECRET and secret:
                text = text.replace(secret, f"[{name}]")
        return text

    @property
    def home(self) -> str:
        """What is called by it on this machine: its own name, and which server's it is."""
        where = f"{self.parameters.get('host', '')}:{self.parameters.get('port', '')}"
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", self.name)[:60]
        return f"{plain}-{digest(f'{where}/{self.name}'.encode())[:8]}"


Database = Path | Server


def database(text: str | Path) -> Database:
    """The database that a person means by `--db` or STILLWATER_DB.

    Raises:
        InputError: it is neither a path nor a URL that can be used; a password is never in it.
    """
    found = _SCHEME.match(str(text))
    if found is None:
        if _NO_FILE.match(str(text)):
            raise InputError(
                "that is no file's name: a database on a PostgreSQL server is given as "
                "postgresql://user@host:port/name"
            )
        path = Path(text)
        if path.is_dir():
            raise InputError(f"{path} is a folder: give the path of the database's file with --db")
        return path
    if found[1].lower() not in SCHEMES:
        raise InputError(
            f"a database is a file or a URL like postgresql://user@host/name: nothing speaks "
            f"{found[1]} here"
        )
    return _server(str(text))


def folder(db: Database) -> Path:
    """Where repositories, environments, work trees and logs lie: beside the file, or here."""
    if isinstance(db, Server):
        return Path.cwd() / f".{db.home}"
    path = db.resolve()
    return path.parent / f".{path.stem}"


def label(db: Database) -> str:
    """What marks the database's containers."""
    return digest((str(db.resolve()) if isinstance(db, Path) else db.home).encode())[:12]


def beside(db: Database, suffix: str) -> Path:
    """The file that belongs to the database: beside its own, or here."""
    if isinstance(db, Server):
        return Path.cwd() / f"{db.home}{suffix}"
    path = db.resolve()
    return path.with_name(path.name + suffix)


def identity(db: Database) -> str:
    """A name that no other database on this machine has, and that a file may have."""
    if isinstance(db, Server):
        return db.home
    path = db.resolve()
    return f"{path.name}-{digest(str(path).encode())[:12]}"


def file_of(db: Database, instead: str) -> Path:
    """The path of a database that is a file; InputError for a server's, with what to do instead."""
    if isinstance(db, Server):
        raise InputError(f"{db} is no file but on a PostgreSQL server: {instead}")
    return db


def require_driver() -> None:
    """Raise InputError where the driver of PostgreSQL, or what it stands on, isn't installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise InputError(f"PostgreSQL needs its extra, {installing('postgres')}") from error


def _server(url: str) -> Server:
    require_driver()
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    # What libpq says of a URL that it can't read repeats it, and so does a name that has parts of a
    # password in it.
    unclear = InputError(
        "that URL of a database can't be read: it is postgresql://user@host:port/name, with %40 "
        "for an @ and %2F for a / within a password"
    )
    authority, _, rest = url.partition("://")[2].partition("/")
    if authority.count("@") > 1 or "@" in rest:
        raise unclear
    try:
        told = conninfo_to_dict(url)
    except ProgrammingError:
        raise unclear from None
    parameters = {name: str(value) for name, value in told.items() if value is not None}
    if not parameters.get("dbname"):
        raise InputError(
            "the URL of a database ends with its name: postgresql://user@host:port/name"
        )
    return Server(parameters)
