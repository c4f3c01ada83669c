"""`stillwater cancel`: end a run that isn't finished, with the reason in its evidence."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from stillwater import config as configuration
from stillwater import runs
from stillwater.cli import reader
from stillwater.cli.options import ConfigFile
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.errors import InputError
from stillwater.machine import CANCELLED
from stillwater.scheduler import abandon
from stillwater.store import OlderDatabase


def command(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning.")],
    config: ConfigFile = None,
    db: Db = DEFAULT_DB,
) -> None:
    """End a run: each machine that isn't final fails, cancelled by the operator.

    Where a scheduler works on the database, stop it first, or ask the service to.
    """
    today = configuration.load(None, config)
    place = runs.Place(db, certificate_key=today.certificate_key)
    # Before the lease is taken: a wrong id is no reason to take it.
    with suppress(OlderDatabase), reader.open_store(db) as store:
        store.run(run_id)
    with runs.opened(place, run_id, today.lease_seconds) as store:
        found = store.run(run_id)
        if found.finished_at is not None:
            raise InputError(f"run {found.id} is finished: there is nothing to cancel")
        count = len(store.active(found.id))
        abandon(store, found.id, CANCELLED, datetime.now(UTC))
        runs.sweep(place, configuration.frozen(found.config))
    print(f"Run {found.id} is cancelled: {count} of its machines had not come to their end.")
