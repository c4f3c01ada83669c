"""The database: every run, every transition with its evidence, every artifact.

`store.py` is the one way in; `queries.py` reads the views for reports; `lease.py` sees to it that
there is one scheduler. `schema.py`, `triggers.py` and `views.py` say what the database holds,
`engine.py` and `migrate.py` open it and bring it up to date, `upkeep.py` copies, checks and
compacts it, `commit.py` and `record.py` make the chain of digests, `rungs.py` that of the rungs
that were tried. Checking the chains is the audit's (stillwater/audit), which shares nothing with
what made them. `portable.py` knows what SQLite and PostgreSQL say differently, `postgresql/` what
else differs where the database is on a server.
"""

from stillwater.store.engine import refuse_foreign
from stillwater.store.errors import (
    Disconnected,
    OlderDatabase,
    StaleCommit,
    StoreError,
    TakenOver,
)
from stillwater.store.lease import LEASE_SECONDS, LeaseHeld, SchedulerLease
from stillwater.store.rows import MachineRow, RunRow
from stillwater.store.rungs import NewRung, RungRow
from stillwater.store.store import Store

__all__ = [
    "LEASE_SECONDS",
    "Disconnected",
    "LeaseHeld",
    "MachineRow",
    "NewRung",
    "OlderDatabase",
    "RunRow",
    "RungRow",
    "SchedulerLease",
    "StaleCommit",
    "Store",
    "StoreError",
    "TakenOver",
    "refuse_foreign",
]
