"""The sandboxes that this machine has, each behind one name, and trees to run jobs in."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stillwater.errors import InputError
from stillwater.sandbox import (
    DockerSandbox,
    Execution,
    Job,
    Limits,
    LocalSandbox,
    Sandbox,
    disk,
    engine_answers,
)

IMAGE = "python:3.11-slim"
WALLS = ("bubblewrap", "namespaces", "landlock")
DOCKER = pytest.param("docker", marks=pytest.mark.docker)

Run = Callable[..., Execution]


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no Docker Engine answers."""
    silence = engine_answers()
    if silence is not None:
        pytest.skip(silence)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Stillwater's folder."""
    return tmp_path / "stillwater"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty work tree that any user of a container may change."""
    made = tmp_path / "tree"
    made.mkdir()
    return made


@pytest.fixture
def marker() -> str:
    """A word that no other process has in its command line."""
    return f"marker{uuid.uuid4().hex}"


def local(home: Path, wall: str) -> LocalSandbox:
    """A local sandbox behind that wall; skips where the wall doesn't work."""
    sandbox = LocalSandbox(home, wall=wall)
    try:
        sandbox.walls()
    except InputError as error:
        pytest.skip(str(error))
    return sandbox


@pytest.fixture(params=WALLS)
def walled(request: pytest.FixtureRequest, home: Path) -> LocalSandbox:
    """A local sandbox, behind each wall in turn."""
    return local(home, request.param)


@pytest.fixture(scope="session")
def docker_sandbox(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One docker sandbox for all tests that don't cancel it."""
    made = DockerSandbox(tmp_path_factory.mktemp("docker"), IMAGE, f"test-{uuid.uuid4().hex}")
    yield made
    assert made.reap() == 0


@pytest.fixture(params=[*WALLS, DOCKER])
def sandbox(request: pytest.FixtureRequest, home: Path) -> Sandbox:
    """Each kind of sandbox in turn."""
    if request.param != "docker":
        return local(home, request.param)
    made: Sandbox = request.getfixturevalue("docker_sandbox")
    return made


@pytest.fixture(params=[*WALLS, DOCKER])
def fresh_sandbox(request: pytest.FixtureRequest, home: Path) -> Sandbox:
    """Each kind of sandbox in turn, for one test alone."""
    if request.param != "docker":
        return local(home, request.param)
    request.getfixturevalue("engine")
    return DockerSandbox(home, IMAGE, "test")


@pytest.fixture
def run(sandbox: Sandbox, tree: Path) -> Run:
    """Runs one command in the sandbox, within limits that suit a test."""

    def run_(command: str, **limits: float) -> Execution:
        bounds = Limits(**{"seconds": 20.0, **limits})  # type: ignore[arg-type]
        return sandbox.run(Job(tree, command, "test", limits=bounds))

    return run_


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job holds on the disk is looked at again at once."""
    monkeypatch.setattr(disk, "INTERVAL", 0.01)


def running(word: str) -> list[int]:
    """The processes of this machine that have the word in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found
