from pathlib import Path

import pytest

from tests.rungs import world as worlds
from tests.rungs.world import World


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The runs, made once."""
    return worlds.make(tmp_path_factory.mktemp("climbed"))


@pytest.fixture
def world(made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of them to climb on; no Docker Engine answers, nobody's settings are read."""
    for name in ("STILLWATER_DB", "STILLWATER_CERTIFICATE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "there").mkdir()
    return made.copied(tmp_path / "there")
