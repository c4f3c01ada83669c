"""What the docker sandbox adds: pytest for images without it, labels, an engine that is gone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwater.errors import InputError
from stillwater.sandbox import (
    DockerSandbox,
    Job,
    LocalSandbox,
    SandboxError,
    choose,
    engine_answers,
    images,
    scratch,
)
from stillwater.sandbox.containers import ROOT, Task, container, run
from stillwater.sandbox.engine import connect
from stillwater.sandbox.protocol import Limits
from tests.sandbox.conftest import IMAGE

docker = pytest.mark.docker
NO_PYTEST = "rm -rf $(python -c 'import pytest; print(pytest.__path__[0])') && rm $(which pytest)"


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No engine answers."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")


@pytest.fixture
def without_pytest(engine: None, marker: str) -> Iterator[str]:
    """An image that has Python and no pytest; what is made from it is removed too."""
    name = f"stillwater-test:{marker}"
    never = LocalSandbox(Path("/nonexistent"))._cancellation
    with connect() as client:
        with container(client, Task(IMAGE, NO_PYTEST, marker, user=ROOT)) as made:
            assert run(made, Limits(seconds=20), never).exit_code == 0
            images.commit(made, name, {})
        yield name
        made_from_it = client.images.list(filters={"label": f"stillwater={marker}"})
        for image in sorted(made_from_it, key=lambda one: len(one.history()), reverse=True):
            client.images.remove(image.id, force=True)


@docker
def test_a_job_tells_the_digest_of_the_image_that_was_named(
    engine: None, home: Path, tree: Path, marker: str
) -> None:
    execution = DockerSandbox(home, IMAGE, marker).run(Job(tree, "true", "test"))
    with connect() as client:
        found = client.images.get(IMAGE)
        from_registry = [one.rpartition("@")[2] for one in found.attrs["RepoDigests"] or ()]
    assert execution.image in (from_registry or [found.id])
    assert LocalSandbox(home).run(Job(tree, "true", "test")).image is None


@docker
def test_pytest_is_added_to_an_image_that_lacks_it(
    without_pytest: str, home: Path, tree: Path, marker: str
) -> None:
    (tree / "test_it.py").write_text("def test_it():\n    assert True\n")
    job = Job(tree, "python -m pytest -q -p no:cacheprovider", "test")
    for _ in range(2):
        execution = DockerSandbox(home, without_pytest, marker).run(job)
        assert b"1 passed" in execution.output


@docker
def test_reaping_removes_what_a_dead_scheduler_left(engine: None, home: Path, marker: str) -> None:
    sandbox = DockerSandbox(home, IMAGE, marker)
    with connect() as client:
        client.containers.create(IMAGE, "true", labels={"stillwater": marker})
        other = client.containers.create(IMAGE, "true", labels={"stillwater": f"not-{marker}"})
        try:
            assert sandbox.reap() == 1
            other.reload()
        finally:
            other.remove()


@docker
def test_an_image_that_cannot_be_pulled_is_named(engine: None, home: Path, tree: Path) -> None:
    sandbox = DockerSandbox(home, "localhost:1/nothing:here", "test")
    with pytest.raises(SandboxError, match="localhost:1/nothing:here"):
        sandbox.run(Job(tree, "true", "test"))


@docker
def test_a_complete_image_is_an_environment(engine: None, home: Path, tree: Path) -> None:
    sandbox = DockerSandbox(home, IMAGE, "test")
    execution = sandbox.run(Job(tree, "id -u; touch made && ls", "test", environment=IMAGE))
    assert execution.output == b"0\nmade\n"


@docker
def test_auto_takes_docker_when_it_can(engine: None, home: Path) -> None:
    assert choose("auto", home, IMAGE, "test")[0].kind == "docker"
    sandbox, notice = choose("auto", home, "localhost:1/nothing:here", "test")
    assert sandbox.kind == "local"
    assert notice is not None
    assert "localhost:1/nothing:here" in notice
    unneeded = choose("auto", home, "localhost:1/nothing:here", "test", needs_image=False)
    assert (unneeded[0].kind, unneeded[1]) == ("docker", None)


def test_an_engine_that_is_gone_is_the_worlds_failure(gone: None, home: Path, tree: Path) -> None:
    assert "Docker Engine" in (engine_answers() or "")
    with pytest.raises(SandboxError, match="Docker Engine"):
        DockerSandbox(home, IMAGE, "test").run(Job(tree, "true", "test"))


def test_without_an_engine_auto_is_local_and_says_why(gone: None, home: Path) -> None:
    sandbox, notice = choose("auto", home, IMAGE, "test")
    assert sandbox.kind == "local"
    assert notice is not None
    assert "Docker Engine" in notice
    with pytest.raises(InputError, match="DOCKER_HOST"):
        choose("docker", home, IMAGE, "test")


def test_the_sdk_is_not_imported_before_it_is_needed() -> None:
    check = "import sys, stillwater.sandbox; sys.exit('docker' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


@docker
def test_a_job_has_its_share_of_the_processors(docker_sandbox: DockerSandbox, tree: Path) -> None:
    files = "/sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us"
    job = Job(tree, f"cat {files} 2>/dev/null", "test", limits=Limits(cpus=0.5))
    assert docker_sandbox.run(job).output.split()[0] == b"50000"


@docker
def test_a_dead_workers_containers_are_reaped_and_a_living_ones_stay(
    engine: None, home: Path, marker: str
) -> None:
    family = DockerSandbox(home, IMAGE, marker)
    living = f"{marker}-{scratch.unique()}"
    with connect() as client:
        made = [
            client.containers.create(IMAGE, "true", labels={"stillwater": label})
            for label in (living, f"{marker}-1-99999999999-0", f"x{marker}-1-99999999999-0")
        ]
        try:
            assert family.reap_dead(marker) == 1
            left = client.containers.list(
                all=True, ignore_removed=True, filters={"label": "stillwater"}
            )
            assert {made[0].id, made[2].id} <= {one.id for one in left}
            assert made[1].id not in {one.id for one in left}
        finally:
            for one in (made[0], made[2]):
                one.remove(force=True)
