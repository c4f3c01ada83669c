"""Environments: made once, by one, whole or not at all; read-only afterwards."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwater.sandbox import (
    DockerSandbox,
    Job,
    Limits,
    LocalSandbox,
    Sandbox,
    SandboxError,
    Setup,
    SetupError,
)
from stillwater.sandbox.engine import connect
from tests.sandbox.conftest import DOCKER, IMAGE

COMMAND = 'cp setup.txt "$VIRTUAL_ENV/" && pip --version && echo once >> "$VIRTUAL_ENV/count"'


@pytest.fixture(params=["local", DOCKER])
def sandbox(request: pytest.FixtureRequest, home: Path, marker: str) -> Iterator[Sandbox]:
    """One sandbox of each kind; its images are removed."""
    if request.param == "local":
        yield LocalSandbox(home)
        return
    request.getfixturevalue("engine")
    made = DockerSandbox(home, IMAGE, marker)
    yield made
    assert made.reap() == 0
    with connect() as client:
        for image in client.images.list(filters={"label": f"stillwater={marker}"}):
            client.images.remove(image.id, force=True)


def test_an_environment_is_made_once_and_read_only_afterwards(
    sandbox: Sandbox, home: Path, tree: Path, marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"https://user:secret-{marker}@localhost/simple")
    half_made = home / "environments" / marker
    half_made.mkdir(parents=True)
    (half_made / "junk").touch()
    (tree / "setup.txt").write_text("from the tree")
    setup = Setup(marker, COMMAND, tree, seconds=60)
    names: list[str] = []
    makers = [
        threading.Thread(target=lambda: names.append(sandbox.prepare(setup))) for _ in range(2)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(set(names)) == 1
    assert len(names) == 2
    venv = "$(dirname $(dirname $(which python)))"
    command = f"cat {venv}/setup.txt {venv}/count; (echo x > {venv}/count) 2>&1; which python; env"
    job = Job(tree, command, "test", environment=names[0], limits=Limits(seconds=10))
    output = sandbox.run(job).output
    assert output.startswith(b"from the treeonce\n")
    assert output.count(b"once") == 1
    assert b"denied" in output or b"Read-only" in output
    assert f"secret-{marker}".encode() not in output  # what the setup reached its packages with
    assert not (half_made / "junk").exists() or sandbox.kind == "docker"


def test_a_setup_that_fails_shows_its_log_and_leaves_nothing(
    sandbox: Sandbox, home: Path, tree: Path, marker: str, tmp_path: Path
) -> None:
    command = f"touch {tmp_path}/outside 2>/dev/null; echo went wrong; exit 7"
    with pytest.raises(SetupError, match="exit code 7") as caught:
        sandbox.prepare(Setup(marker, command, tree, seconds=60))
    assert caught.value.log == b"went wrong\n"
    assert not (home / "environments" / marker).exists()
    assert not (tmp_path / "outside").exists()


def test_a_setup_that_hangs_is_stopped(home: Path, tree: Path, marker: str) -> None:
    with pytest.raises(SetupError, match="timeout"):
        LocalSandbox(home).prepare(Setup(marker, "sleep 60", tree, seconds=0.5))


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "fatal: unable to access 'https://x/': Could not resolve host: x",
        "WARNING: Retrying: NewConnectionError: Failed to establish a new connection",
    ],
)
def test_a_setup_that_the_world_failed_is_no_fault_of_the_instance(
    home: Path, tree: Path, marker: str, said: str
) -> None:
    with pytest.raises(SandboxError, match="the network or the disk failed it"):
        LocalSandbox(home).prepare(Setup(marker, f'echo "{said}"; exit 1', tree, seconds=60))


@pytest.mark.parametrize(
    "said", ["mkdir: /opt/x: Read-only file system", "connection refused", "Cannot allocate memory"]
)
def test_what_its_own_walls_refuse_a_setup_is_its_fault(
    home: Path, tree: Path, marker: str, said: str
) -> None:
    with pytest.raises(SetupError):
        LocalSandbox(home).prepare(Setup(marker, f'echo "{said}"; exit 1', tree, seconds=60))
