"""A store with one run of two instances, on a real file, under a clock that ticks by itself."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from stillwater.store import Store
from tests.store.stories import START, new_run


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "stillwater.db"


@pytest.fixture
def store(db: Path) -> Iterator[Store]:
    ticks = count()
    with Store.open(db, clock=lambda: START + timedelta(seconds=next(ticks))) as opened:
        new_run(opened)
        yield opened
