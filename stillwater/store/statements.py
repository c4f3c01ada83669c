"""Every statement of the store that is not a report: built once, so SQLAlchemy compiles it once."""

from collections.abc import Mapping

from sqlalchemy import (
    ColumnElement,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from stillwater.store.schema import (
    UNFINISHED,
    artifacts,
    epochs,
    instances,
    machines,
    runs,
    transitions,
)


class Prepared:
    """A statement compiled once and for all, for the driver itself.

    SQLAlchemy's own execution of what each commit reads would take longer than SQLite's.
    """

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=dialect())
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{statement} takes no values")
        self.sql = str(compiled)
        self.names = tuple(compiled.positiontup or ())
        if any(value is not None for value in compiled.params.values()):
            raise ValueError(f"a prepared statement takes only named values: {self.sql}")

    def values(self, named: Mapping[str, object]) -> list[object]:
        """The values in the order in which the statement takes them."""
        return [named[name] for name in self.names]


_last = (
    select(transitions.c.sha256)
    .where(transitions.c.machine_id == machines.c.id)
    .order_by(transitions.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_position = func.coalesce(
    select(func.max(transitions.c.seq))
    .where(transitions.c.machine_id == machines.c.id)
    .scalar_subquery(),
    literal_column("0"),
)
_machines = select(machines, _position.label("seq"), _last.label("head")).order_by(machines.c.id)

MACHINES = _machines.where(machines.c.run_id == bindparam("run_id"))
MACHINE = _machines.where(machines.c.id == bindparam("machine_id"))
ACTIVE = MACHINES.where(text(UNFINISHED))

HEAD = Prepared(
    select(transitions.c.sha256).where(
        transitions.c.id == select(func.max(transitions.c.id)).scalar_subquery()
    )
)
POSITION = Prepared(
    select(
        machines.c.run_id, machines.c.instance_id, machines.c.arm, machines.c.state, _position
    ).where(machines.c.id == bindparam("machine_id"))
)
HISTORY = (
    select(transitions)
    .where(transitions.c.machine_id == bindparam("machine_id"))
    .order_by(transitions.c.seq)
)


class _Made(ColumnElement[object]):
    """What orders rows as they were made, where nothing else does."""

    inherit_cache = True


@compiles(_Made, "sqlite")
def _made_in_file(element: _Made, compiler: SQLCompiler, **options: object) -> str:
    return "runs.rowid"


@compiles(_Made, "postgresql")
def _made_on_server(element: _Made, compiler: SQLCompiler, **options: object) -> str:
    # No row has a number of its own there; ids of runs begin with their time.
    return "runs.id"


RUNS = select(runs).order_by(runs.c.created_at.desc(), _Made().desc())
RUN = select(runs).where(runs.c.id == bindparam("run_id"))
FINISH_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("run_id"), runs.c.finished_at.is_(None))
    .values(finished_at=bindparam("now"))
)

INSTANCE = select(instances.c.content).where(
    instances.c.dataset_sha256 == bindparam("dataset_sha256"),
    instances.c.instance_id == bindparam("instance_id"),
)
INSTANCES = select(instances.c.instance_id, instances.c.content).where(
    instances.c.dataset_sha256 == bindparam("dataset_sha256")
)

ARTIFACT = select(artifacts.c.size, artifacts.c.content).where(
    artifacts.c.sha256 == bindparam("sha256")
)
OF_TRANSITION = (
    "machine_id", "seq", "source", "event", "target", "attempt", "started_at", "finished_at",
    "evidence", "prev_sha256", "sha256",
)  # fmt: skip
OF_COMMIT = (
    *OF_TRANSITION, "listed", "contents", "next_attempt", "next_model", "next_not_before", "now",
    "epoch",
)  # fmt: skip

# An insertion into a view of the connection's own: one statement writes the artifacts, the
# transition and the machine, and is its own transaction. It takes a quarter less time than five
# statements do, and gives up the interpreter once, not seven times.
SET_UP_COMMITS = (
    f"CREATE TEMP VIEW commits ({', '.join(OF_COMMIT)}) "
    f"AS SELECT {', '.join(['NULL'] * len(OF_COMMIT))}",
    f"""CREATE TEMP TRIGGER commits_write INSTEAD OF INSERT ON commits BEGIN
      SELECT RAISE(ABORT, 'a later scheduler has taken over')
        WHERE NEW.epoch <> (SELECT max(id) FROM epochs);
      INSERT INTO artifacts (sha256, kind, media_type, size, content)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3,
          substr(NEW.contents, value ->> 4, value ->> 5)
        FROM json_each(NEW.listed)
        WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = value ->> 0);
      INSERT INTO transitions ({", ".join(OF_TRANSITION)})
        VALUES ({", ".join(f"NEW.{name}" for name in OF_TRANSITION)});
      UPDATE machines SET state = NEW.target, attempt = NEW.next_attempt,
        model = coalesce(NEW.next_model, model), not_before = NEW.next_not_before,
        lease_owner = NULL, lease_until = NULL, updated_at = NEW.now
        WHERE id = NEW.machine_id;
    END""",
)
COMMIT = f"INSERT INTO commits ({', '.join(OF_COMMIT)}) VALUES ({', '.join('?' * len(OF_COMMIT))})"

LAST_EPOCH = Prepared(select(func.max(epochs.c.id)))
BEGIN_EPOCH = insert(epochs).values(
    last_transition=func.coalesce(
        select(func.max(transitions.c.id)).scalar_subquery(), literal_column("0")
    )
)

LEASE_MACHINES = (
    update(machines)
    .where(machines.c.id.in_(bindparam("ids", expanding=True)))
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
)
