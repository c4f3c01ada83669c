"""The tables, under the names that auditors' SQL relies on; alembic/versions holds the same as DDL.

All tables are STRICT, so a column holds the type it declares. JSON is canonical (RFC 8785) text,
and times are text as `stillwater.store.times` writes it. The same holds on PostgreSQL, whose DDL is
in alembic/postgresql; constraints, and what is said here of STRICT, are as SQLite has them.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from stillwater.machine import FINAL, Event, State, edges

APPLICATION_ID = 0x5374576C
"""`StWl` in the file's header: tells our databases from anyone else's."""

GENESIS = "0" * 64
"""What the first transition of a database names as the digest before it."""

TIME = "????-??-??T??:??:??.??????Z"
"""The pattern of a stored time."""

RUNGS = (641, 274177, 65537)
"""The rungs of `verify --rung`, the lowest first."""

Number = BigInteger().with_variant(Integer(), "sqlite")
"""Of 64 bits in either database."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _one_of(column: str, values: type[State] | type[Event]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _time(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} GLOB '{TIME}'", name=column)


def _json(column: str) -> CheckConstraint:
    return CheckConstraint(f"json_valid({column})", name=column)


def _sha256(column: str) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = 64", name=column)


FINAL_STATES = ", ".join(f"'{state}'" for state in State if state in FINAL)
UNFINISHED = f"state NOT IN ({FINAL_STATES})"
"""The condition of the partial index; a query must repeat it literally for SQLite to use that."""

EDGES = ", ".join(f"'{source} {event} {target}'" for source, event, target in edges())

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("dataset", Text, nullable=False),
    Column("dataset_sha256", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("version", Text, nullable=False),
    _time("created_at"),
    _time("finished_at"),
    _sha256("dataset_sha256"),
    _json("config"),
    sqlite_strict=True,
)

instances = Table(
    "instances",
    metadata,
    Column("id", Number, primary_key=True),
    Column("dataset_sha256", Text, nullable=False),
    Column("instance_id", Text, nullable=False),
    Column("content", Text, nullable=False),
    UniqueConstraint("dataset_sha256", "instance_id"),
    _sha256("dataset_sha256"),
    _json("content"),
    sqlite_strict=True,
)

machines = Table(
    "machines",
    metadata,
    Column("id", Number, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("instance_id", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Number, nullable=False),
    Column("model", Text, nullable=False),
    Column("not_before", Text),
    Column("lease_owner", Text),
    Column("lease_until", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    UniqueConstraint("run_id", "instance_id", "arm"),
    _one_of("state", State),
    CheckConstraint("attempt >= 1", name="attempt"),
    _time("not_before"),
    _time("lease_until"),
    _time("created_at"),
    _time("updated_at"),
    Index(
        "ix_machines_active",
        "run_id",
        "state",
        "not_before",
        sqlite_where=text(UNFINISHED),
        postgresql_where=text(UNFINISHED),
    ),
    sqlite_strict=True,
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("machine_id", Number, ForeignKey("machines.id"), nullable=False),
    Column("seq", Number, nullable=False),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("attempt", Number, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("prev_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    UniqueConstraint("machine_id", "seq"),
    CheckConstraint("id > 0", name="id"),
    _one_of("source", State),
    _one_of("event", Event),
    _one_of("target", State),
    CheckConstraint(f"source || ' ' || event || ' ' || target IN ({EDGES})", name="edge"),
    CheckConstraint("attempt >= 1", name="attempt"),
    _time("started_at"),
    _time("finished_at"),
    _json("evidence"),
    _sha256("prev_sha256"),
    _sha256("sha256"),
    sqlite_strict=True,
)

epochs = Table(
    "epochs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("begun_at", Text, nullable=False),
    Column("pid", Number, nullable=False),
    Column("host", Text, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("last_transition", Number, nullable=False),
    _time("begun_at"),
    sqlite_strict=True,
)
"""Who has been the scheduler, one after the other; only the last may commit."""

rungs = Table(
    "rungs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("rung", Number, nullable=False),
    Column("holds", Number, nullable=False),
    Column("at", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("head_id", Number, nullable=False),
    Column("head_sha256", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("prev_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    CheckConstraint("id > 0", name="id"),
    CheckConstraint(f"rung IN ({', '.join(map(str, RUNGS))})", name="rung"),
    CheckConstraint("holds IN (0, 1)", name="holds"),
    _time("at"),
    _sha256("head_sha256"),
    _json("result"),
    _sha256("prev_sha256"),
    _sha256("sha256"),
    sqlite_strict=True,
)
"""What `verify --rung` found of a run, and the head of the transitions that it was found at."""

artifacts = Table(
    "artifacts",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Number, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _sha256("sha256"),
    CheckConstraint("size >= 0", name="size"),
    sqlite_strict=True,
)
