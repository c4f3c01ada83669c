import json
from pathlib import Path
from typing import Any

import pytest

from tests.certificates.world import NAME, World, make, out


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repaired bug, its repository and its database."""
    return make(tmp_path_factory.mktemp("certified"))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, without anyone's settings; what is temporary goes below it."""
    for name in ("STILLWATER_DB", "STILLWATER_CERTIFICATE_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; the public one is beside it."""
    out("key", "new", tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def unsigned(world: World, tmp_path: Path) -> Path:
    """The certificate that nobody signed."""
    out("export", "certificates", "--out", tmp_path / "plain", "--db", world.db)
    return tmp_path / "plain" / f"{NAME}.json"


@pytest.fixture
def signed(world: World, tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, signed by `key`."""
    monkeypatch.setenv("STILLWATER_CERTIFICATE_KEY", str(key))
    out("export", "certificates", "--out", tmp_path / "signed", "--db", world.db)
    monkeypatch.delenv("STILLWATER_CERTIFICATE_KEY")
    return tmp_path / "signed" / f"{NAME}.json"


@pytest.fixture
def statement(unsigned: Path) -> dict[str, Any]:
    """What the certificate states."""
    stated: dict[str, Any] = json.loads(unsigned.read_bytes())
    return stated
