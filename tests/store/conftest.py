"""A store with one run of two instances, on a real database, under a clock that ticks by itself.

Each test has it on a file of SQLite and on a PostgreSQL server, but those of one alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stillwater.store import Store
from stillwater.where import Database
from tests.store.stories import new_run, ticking

if TYPE_CHECKING:
    from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield tmp_path / "stillwater.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    made = postgres.migrated()
    yield made
    postgres.drop(made)


@pytest.fixture
def store(db: Database) -> Iterator[Store]:
    with Store.open(db, clock=ticking()) as opened:
        new_run(opened)
        yield opened
