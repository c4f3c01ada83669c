"""Every statement of the store that is not a report: built once, so SQLAlchemy compiles it once."""

from collections.abc import Mapping

from sqlalchemy import (
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from stillwater.store.schema import UNFINISHED, artifacts, instances, machines, runs, transitions


class Prepared:
    """A statement compiled once and for all, for the driver itself.

    Each commit runs three; SQLAlchemy's own execution of them would take longer than SQLite's.
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
CHAIN = (
    select(transitions, machines.c.run_id, machines.c.instance_id, machines.c.arm)
    .join(machines)
    .order_by(transitions.c.id)
)

RUNS = select(runs).order_by(runs.c.created_at.desc(), literal_column("runs.rowid").desc())
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
# Not ON CONFLICT: the trigger that keeps artifacts from being replaced comes before that.
INSERT_ARTIFACT = Prepared(
    insert(artifacts).from_select(
        ["sha256", "kind", "media_type", "size", "content"],
        select(
            bindparam("sha256", type_=artifacts.c.sha256.type),
            bindparam("kind", type_=artifacts.c.kind.type),
            bindparam("media_type", type_=artifacts.c.media_type.type),
            bindparam("size", type_=artifacts.c.size.type),
            bindparam("content", type_=artifacts.c.content.type),
        ).where(~exists().where(artifacts.c.sha256 == bindparam("sha256"))),
    )
)

INSERT_TRANSITION = Prepared(
    insert(transitions).values({c.name: bindparam(c.name) for c in transitions.c if c.name != "id"})
)
MOVE_MACHINE = Prepared(
    update(machines)
    .where(machines.c.id == bindparam("machine_id"))
    .values(
        state=bindparam("to_state"),
        attempt=bindparam("to_attempt"),
        model=func.coalesce(bindparam("to_model", type_=machines.c.model.type), machines.c.model),
        not_before=bindparam("to_not_before"),
        lease_owner=null(),
        lease_until=null(),
        updated_at=bindparam("now"),
    )
)
LEASE_MACHINES = (
    update(machines)
    .where(
        machines.c.id.in_(text("SELECT value FROM json_each(:ids)").bindparams(bindparam("ids")))
    )
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
)
