"""Runs the migrations, on Stillwater's own connection or on the database that `-x db=` names.

Revisions are called 0001, 0002, …: their order is their name's.
"""

import logging

from sqlalchemy import Connection

from alembic import context
from stillwater.store.engine import opened
from stillwater.store.migrate import stamp_version
from stillwater.store.schema import metadata
from stillwater.where import database


def run(connection: Connection) -> None:
    # The transaction begins before alembic reads the revision, so that of two that race to
    # migrate one waits and then finds nothing to do; and a kill leaves the old schema.
    with connection.begin():
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        context.run_migrations()
        stamp_version(connection)


def main() -> None:
    if context.is_offline_mode():
        raise NotImplementedError("migrations need the database: --sql is not offered")
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    db = database(context.get_x_argument(as_dictionary=True).get("db", "stillwater.db"))
    with opened(db) as connection:
        run(connection)


main()
