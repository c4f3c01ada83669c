"""`stillwater cancel`: end a run that isn't finished, with the reason in its evidence."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from stillwater import config as configuration
from stillwater import runs
from stillwater.cli import reader
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.errors import InputError
from stillwater.machine import CANCELLED
from stillwater.scheduler import abandon


def command(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning.")],
    db: Db = DEFAULT_DB,
) -> None:
    """End a run: each machine that isn't final fails, cancelled by the operator.

    Where a scheduler works on the database, stop it first, or ask the service to.
    """
    today = configuration.load()
    place = runs.Place(db, certificate_key=today.certificate_key)
    with reader.open_store(db) as store:
        store.run(run_id)
    with runs.opened(place, run_id, today.lease_seconds) as store:
        found = store.run(run_id)
        if found.finished_at is not None:
            raise InputError(f"run {found.id} is finished: there is nothing to cancel")
        count = len(store.active(found.id))
        abandon(store, found.id, CANCELLED, datetime.now(UTC))
        runs.sweep(place, configuration.frozen(found.config))
    print(f"Run {found.id} is cancelled: {count} of its machines had not come to their end.")
