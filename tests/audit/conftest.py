from pathlib import Path

import pytest

from tests.audit.world import World, make


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A database that nobody touched."""
    return make(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(whole: World, tmp_path: Path) -> World:
    """A copy of it, to be touched."""
    return whole.copy(tmp_path)
