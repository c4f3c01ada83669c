"""What every test may need: whether a Docker Engine answers, a PostgreSQL server."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.postgres import Postgres


# What a machine is slow at is no failure of a property: none has milliseconds to come true in.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

TAKE_LONGEST = ("e2e", "faults", "executors", "official", "replay", "certificates", "service")
"""Folders whose files come first, so that none is begun when all others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes first; otherwise in the order of their names."""
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0]
        return TAKE_LONGEST.index(folder) if folder in TAKE_LONGEST else len(TAKE_LONGEST)

    items.sort(key=turn)


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Skip where no engine answers; CI says that one must."""
    from stillwater.sandbox import engine_answers

    why = engine_answers()
    if why is not None:
        if os.environ.get("DOCKER_EXPECTED"):
            pytest.fail(f"CI promises a Docker Engine, but: {why}")
        pytest.skip(why)


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Postgres]":
    """A PostgreSQL server; skip where the system has none, but CI says that it must."""
    from tests.postgres import programs, running

    found = programs()
    if found is None:
        if os.environ.get("POSTGRES_EXPECTED"):
            pytest.fail("CI promises PostgreSQL, but there is no pg_ctl")
        pytest.skip("there is no PostgreSQL here")
    with running(found) as server:
        yield server
