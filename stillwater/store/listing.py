"""Lists by the page, for who looks at a database piece by piece; each takes a read transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from stillwater.machine import State
from stillwater.store.queries import Step, SuccessRow, columns


@dataclass(frozen=True)
class Listed(Step):
    """One transition, and whose it is."""

    machine_id: int
    run_id: str
    instance_id: str
    arm: str
    prev_sha256: str


TRANSITIONS = """
SELECT t.id, t.machine_id, m.run_id, m.instance_id, m.arm, t.seq, t.source, t.event, t.target,
  t.attempt, t.started_at, t.finished_at, t.evidence, t.prev_sha256, t.sha256
FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id
WHERE t.id > :after {where} ORDER BY t.id LIMIT :most
"""
ALL = text(TRANSITIONS.format(where=""))
OF_RUN = text(TRANSITIONS.format(where="AND m.run_id = :run_id"))
OF_MACHINE = text(TRANSITIONS.format(where="AND t.machine_id = :machine_id"))
LAST = text("SELECT coalesce(max(id), 0) FROM transitions")
COUNTS = text("""
SELECT run_id, arm, state, count(*) AS machines, min(id) AS first FROM machines
GROUP BY run_id, arm, state ORDER BY first
""")
SUCCESS = text("""
SELECT run_id, arm, k, verified, total FROM success_at_k
WHERE run_id IN :runs ORDER BY run_id, arm, k
""").bindparams(bindparam("runs", expanding=True))
KEPT = text("SELECT 1 FROM artifacts WHERE sha256 = :sha256")


def transitions(
    connection: Connection,
    after: int,
    most: int,
    run_id: str | None = None,
    machine_id: int | None = None,
) -> list[Listed]:
    """At most that many transitions with ids above `after`, oldest first; of a run or machine."""
    values: dict[str, object] = {"after": after, "most": most}
    statement = ALL
    if machine_id is not None:
        statement, values["machine_id"] = OF_MACHINE, machine_id
    elif run_id is not None:
        statement, values["run_id"] = OF_RUN, run_id
    return [Listed(**columns(row)) for row in connection.execute(statement, values)]


def last_transition(connection: Connection) -> int:
    """The id of the last transition; 0 before the first."""
    return int(connection.execute(LAST).scalar_one())


def counts(connection: Connection) -> dict[str, dict[str, dict[State, int]]]:
    """How many machines of each run are in each state, by arm, in the order of their creation."""
    found: dict[str, dict[str, dict[State, int]]] = {}
    for row in connection.execute(COUNTS):
        arms = found.setdefault(row.run_id, {})
        arms.setdefault(row.arm, {})[State(row.state)] = row.machines
    return found


def success_at_k(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[SuccessRow]]:
    """The rows of the view of that name, for each of these runs."""
    found: dict[str, list[SuccessRow]] = {run_id: [] for run_id in run_ids}
    for row in connection.execute(SUCCESS, {"runs": list(run_ids)}):
        found[row.run_id].append(SuccessRow(row.arm, row.k, row.verified, row.total))
    return found


def is_kept(connection: Connection, sha256: str) -> bool:
    """Whether there is an artifact of that digest."""
    return connection.execute(KEPT, {"sha256": sha256}).first() is not None
