"""One scheduler a database, wherever it runs: a lock that the server holds for a connection.

The server frees it when the connection ends, and so when its process or its machine does; as both
ends keep it alive, a machine that is gone is noticed within half a minute. Each commit asks the
server whether the lock is still held for it.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from stillwater.store.errors import Disconnected, sentences
from stillwater.store.lease import Lease, LeaseHeld, names_of
from stillwater.store.postgresql.commits import LEASES
from stillwater.store.postgresql.connect import LEASE_LOCK, Raw, raw
from stillwater.store.schema import APPLICATION_ID
from stillwater.store.times import Clock
from stillwater.where import Server

PATIENCE = "1s"
"""How long to wait for a lock whose holder has just died, which the server is yet to notice."""
KEPT_ALIVE = (
    "SET tcp_keepalives_idle = 15",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    f"SET lock_timeout = '{PATIENCE}'",
)
KEY = f"{APPLICATION_ID}, {LEASE_LOCK}"
NEWEST = "SELECT pid, host, begun_at FROM epochs ORDER BY id DESC LIMIT 1"
HOLDER = f"""
SELECT l.pid, a.application_name FROM (SELECT pid FROM {LEASES}) AS l
LEFT JOIN pg_stat_activity AS a USING (pid)
"""
HOLDER_IS = f"SELECT 1 FROM {LEASES} AND pid = %s"


class ServerLease(Lease):
    """The right to be the scheduler of a database on a server."""

    def __init__(self, server: Server, connection: Any, names: Mapping[str, Any]) -> None:
        super().__init__(names)
        self._server = server
        self._connection = connection
        self.backend = int(connection.info.backend_pid)

    def is_held(self) -> bool:
        """Whether the connection that the server holds the lock for is still there."""
        try:
            found = self._connection.execute(HOLDER_IS, (self.backend,)).fetchone()
        except psycopg.Error:
            return False
        return found is not None

    def require(self) -> None:
        """Raise Disconnected where it isn't held any more."""
        if not self.is_held():
            raise Disconnected(f"the connection to {self._server} was lost: try again")


@contextmanager
def held(server: Server, run_id: str, seconds: float, clock: Clock) -> Iterator[ServerLease]:
    """Hold the lease of the database within.

    Raises:
        LeaseHeld: another scheduler holds it.
    """
    names = names_of(run_id, seconds, clock)
    with sentences(server):
        connection = raw(server, *KEPT_ALIVE, application_name=_title(names["pid"], names["host"]))
    try:
        with sentences(server):
            try:
                connection.execute(f"SELECT pg_advisory_lock({KEY})")
            except psycopg.errors.LockNotAvailable:
                raise LeaseHeld(_held(connection, server)) from None
        yield ServerLease(server, connection, names)
    finally:
        # By a statement, because the server takes a moment to see that a connection was closed.
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock_all()")
        connection.close()


def holder(server: Server) -> dict[str, Any] | None:
    """Who holds the lease: pid, host and started_at where they are known; None if nobody does."""
    with sentences(server):
        connection = raw(server)
        try:
            return _holder(connection)
        finally:
            connection.close()


def _title(pid: object, host: object) -> str:
    return f"stillwater {pid} {host}"[:63]


def _holder(connection: Raw) -> dict[str, Any] | None:
    row = connection.execute(HOLDER).fetchone()
    if row is None:
        return None
    (made,) = connection.execute("SELECT to_regclass('epochs') IS NOT NULL").fetchone() or (False,)
    newest = connection.execute(NEWEST).fetchone() if made else None
    # Between its lock and its epoch a scheduler isn't the newest; another role can't see its title.
    if newest is None or row[1] not in (None, "", _title(newest[0], newest[1])):
        return {"connected": True}
    return {
        "pid": newest[0], "host": newest[1], "started_at": newest[2], "connected": True
    }  # fmt: skip


def _held(connection: Raw, server: Server) -> str:
    found = _holder(connection) or {}
    if "pid" not in found:
        return f"another scheduler holds {server}, and has just begun: wait for it"
    here = "" if found["host"] == socket.gethostname() else f" on {found['host']}"
    who = f"pid {found['pid']} on {found['host']}, since {found['started_at']}"
    return (
        f"another scheduler ({who}) holds {server}; wait for it, or stop it with "
        f"`kill {found['pid']}`{here}"
    )
