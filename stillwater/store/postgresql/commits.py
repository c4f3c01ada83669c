"""Writing a transition: a function of the connection's own does it in one statement.

As on SQLite, one statement writes the artifacts, the transition and the machine, and is its own
transaction. It first takes the one writer's lock, under which it sees all that was committed
before: whether its epoch is the last one, and whether the server still holds the lease for it.
"""

import psycopg
from sqlalchemy import Connection

from stillwater.store import statements as sql
from stillwater.store.errors import Disconnected
from stillwater.store.postgresql.connect import LEASE_LOCK, WRITER_LOCK, driver
from stillwater.store.schema import APPLICATION_ID

LOST = "SW001"
"""The code of what is refused because the lease's own connection was lost."""
_TYPES = {"contents": "bytea"} | dict.fromkeys(
    ("machine_id", "seq", "attempt", "next_attempt", "epoch", "holder"), "bigint"
)
_NAMES = (*sql.OF_COMMIT, "holder")
LEASES = f"""
pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid = {APPLICATION_ID} AND objid = {LEASE_LOCK}
"""
"""The lease's locks, as what stands behind FROM: at most one is there."""
SET_UP = f"""
CREATE OR REPLACE FUNCTION pg_temp.commit_transition(
  {", ".join(f"the_{name} {_TYPES.get(name, 'text')}" for name in _NAMES)}
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock({APPLICATION_ID}, {WRITER_LOCK});
  IF the_epoch <> (SELECT max(id) FROM epochs) THEN
    RAISE EXCEPTION 'a later scheduler has taken over'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF the_holder IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {LEASES} AND pid = the_holder) THEN
    RAISE EXCEPTION 'the lease is not held any more' USING ERRCODE = '{LOST}';
  END IF;
  INSERT INTO artifacts (sha256, kind, media_type, size, content)
    SELECT one ->> 0, one ->> 1, one ->> 2, (one ->> 3)::bigint,
      substr(the_contents, (one ->> 4)::int, (one ->> 5)::int)
    FROM json_array_elements(the_listed::json) AS one
    WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = one ->> 0);
  INSERT INTO transitions ({", ".join(sql.OF_TRANSITION)})
    VALUES ({", ".join(f"the_{name}" for name in sql.OF_TRANSITION)});
  UPDATE machines SET state = the_target, attempt = the_next_attempt,
    model = coalesce(the_next_model, model), not_before = the_next_not_before,
    lease_owner = NULL, lease_until = NULL, updated_at = the_now
    WHERE id = the_machine_id;
END $$
"""
_GIVEN = ("%b" if name == "contents" else "%s" for name in _NAMES)
COMMIT = f"SELECT pg_temp.commit_transition({', '.join(_GIVEN)})"
"""Contents travel as bytes: written out as text they would be twice as many."""
HEAD = "SELECT sha256 FROM transitions ORDER BY id DESC LIMIT 1"
POSITION = """
SELECT m.run_id, m.instance_id, m.arm, m.state, (
  SELECT coalesce(max(t.seq), 0) FROM transitions AS t WHERE t.machine_id = m.id)
FROM machines AS m WHERE m.id = %s
"""
LAST_EPOCH = "SELECT max(id) FROM epochs"


class ServerTable:
    """The tables of a database on a server, as commit.Writer needs them; see FileTable there."""

    refusals: tuple[type[Exception], ...] = (psycopg.IntegrityError,)

    def __init__(self, connection: Connection) -> None:
        self._raw = driver(connection)

    def set_up(self) -> None:
        """What the connection needs before its first commit."""
        self._raw.execute(SET_UP)

    def head(self) -> str | None:
        """The digest of the last transition."""
        row = self._raw.execute(HEAD).fetchone()
        return str(row[0]) if row else None

    def position(self, machine_id: int) -> tuple[str, str, str, str, int] | None:
        """A machine's run, instance, arm, state and seq."""
        row = self._raw.execute(POSITION, (machine_id,)).fetchone()
        if row is None:
            return None
        run_id, instance_id, arm, state, seq = row
        return str(run_id), str(instance_id), str(arm), str(state), int(str(seq))

    def last_epoch(self) -> int | None:
        """The number of the newest epoch."""
        row = self._raw.execute(LAST_EPOCH).fetchone()
        return None if row is None or row[0] is None else int(str(row[0]))

    def append(self, values: tuple[object, ...], holder: int | None) -> None:
        """Write a transition and all that belongs to it, or nothing."""
        try:
            self._raw.execute(COMMIT, (*values, holder))
        except psycopg.Error as error:
            if error.sqlstate != LOST:
                raise
            raise Disconnected(
                "the connection that held this scheduler's lease was lost: nothing is lost, go on "
                "with `stillwater resume`"
            ) from error
