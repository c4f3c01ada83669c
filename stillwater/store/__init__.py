"""The database: every run, every transition with its evidence, every artifact.

`store.py` is the one way in; `queries.py` reads the views for reports; `lease.py` sees to it that
there is one scheduler. `schema.py`, `triggers.py` and `views.py` say what the database holds,
`engine.py` and `migrate.py` open it and bring it up to date, `seal.py`, `commit.py`,
`record.py` and `verify.py` make the chain of digests and check it.
"""

from stillwater.store.engine import refuse_foreign
from stillwater.store.errors import StaleCommit, StoreError
from stillwater.store.lease import LeaseHeld, SchedulerLease
from stillwater.store.rows import MachineRow, RunRow, Verification
from stillwater.store.seal import Sealed, UnfitEvidence, seal
from stillwater.store.store import Store

__all__ = [
    "LeaseHeld",
    "MachineRow",
    "RunRow",
    "SchedulerLease",
    "Sealed",
    "StaleCommit",
    "Store",
    "StoreError",
    "UnfitEvidence",
    "Verification",
    "refuse_foreign",
    "seal",
]
