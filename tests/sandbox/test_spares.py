"""Containers made ahead: fresh for every job, never in the way, gone at the end."""

import io
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwater.sandbox import Cancelled, DockerSandbox, Job, Limits, spares
from stillwater.sandbox.engine import connect
from tests.patience import DEADLINE
from tests.sandbox.conftest import IMAGE

pytestmark = pytest.mark.docker


@pytest.fixture
def sandbox(engine: None, home: Path, marker: str) -> Iterator[DockerSandbox]:
    """A docker sandbox of its own, with which its containers go."""
    made = DockerSandbox(home, IMAGE, marker)
    yield made
    made.cancel()
    assert made.reap() == 0


def containers(label: str) -> list[Any]:
    """The containers with that label."""
    with connect() as client:
        labelled = {"label": f"stillwater={label}"}
        return list(client.containers.list(all=True, filters=labelled, ignore_removed=True))


def test_every_job_has_a_container_of_its_own(
    sandbox: DockerSandbox, tree: Path, marker: str
) -> None:
    job = Job(tree, "hostname; ls -A $HOME $TMPDIR . | grep -c made; touch $TMPDIR/made made", "t")
    outputs = []
    for _ in range(3):
        outputs.append(sandbox.run(job).output.split())
        sandbox._spares.settle()
        assert len(containers(marker)) == 1  # the next one's
    assert len({name for name, _ in outputs}) == 3
    assert {count for _, count in outputs} == {b"0"}


def test_a_spare_that_died_is_not_used(sandbox: DockerSandbox, tree: Path, marker: str) -> None:
    job = Job(tree, "echo ran", "t")
    sandbox.run(job)
    sandbox._spares.settle()
    containers(marker)[0].kill()
    assert sandbox.run(job).output == b"ran\n"
    sandbox._spares.settle()
    containers(marker)[0].remove(force=True)
    assert sandbox.run(job).output == b"ran\n"


def test_spares_are_few(
    sandbox: DockerSandbox, tree: Path, marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "MOST", 2)
    for pids in (100, 101, 102):
        sandbox.run(Job(tree, "true", "t", limits=Limits(pids=pids)))
        sandbox._spares.settle()
    assert len(containers(marker)) == 2


def test_a_sandbox_that_is_cancelled_or_gone_has_no_spare(
    engine: None, home: Path, tree: Path, marker: str
) -> None:
    sandbox = DockerSandbox(home, IMAGE, marker)
    sandbox.run(Job(tree, "true", "t"))
    sandbox.cancel()
    sandbox._spares.settle()
    assert containers(marker) == []
    with pytest.raises(Cancelled):
        sandbox.run(Job(tree, "true", "t"))
    sandbox = DockerSandbox(home, IMAGE, marker)
    sandbox.run(Job(tree, "true", "t"))
    del sandbox
    assert containers(marker) == []


def test_a_spare_ends_with_its_scheduler(sandbox: DockerSandbox, tree: Path, marker: str) -> None:
    sandbox.run(Job(tree, "true", "t"))
    (spare,) = [one.result() for one in sandbox._spares._spares.values()]
    spare.attached.close()  # as the kernel does when the process is killed
    assert spare.container.wait(timeout=DEADLINE)["StatusCode"] == 1


@pytest.fixture
def with_user(engine: None, marker: str) -> Iterator[str]:
    """A complete image, whose user is another than root; removed afterwards."""
    yield from built(
        f"stillwater-test:{marker}",
        f"FROM {IMAGE}\nRUN useradd -u 1234 tester && mkdir /testbed && touch /testbed/own"
        " && chown -R tester /testbed\nUSER tester\n",
    )


@pytest.fixture
def with_owner(engine: None, marker: str) -> Iterator[str]:
    """A complete image that names no user, and whose /testbed is another's than root's."""
    yield from built(
        f"stillwater-test:{marker}",
        f"FROM {IMAGE}\nRUN mkdir /testbed && touch /testbed/own && chown -R 4321:99 /testbed\n",
    )


@pytest.fixture
def with_roots_tree(engine: None, marker: str) -> Iterator[str]:
    """A complete image, whose user can't change its /testbed."""
    yield from built(
        f"stillwater-test:{marker}",
        f"FROM {IMAGE}\nRUN mkdir /testbed && touch /testbed/own\nUSER 1234\n",
    )


def built(name: str, dockerfile: str) -> Iterator[str]:
    """The image of a Dockerfile, for as long as it's needed."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(dockerfile)
        tar.addfile(info, io.BytesIO(dockerfile.encode()))
    context.seek(0)
    with connect() as client:
        client.images.build(fileobj=context, custom_context=True, tag=name, rm=True)
    yield name
    with connect() as client:
        client.images.remove(name, force=True)


@pytest.mark.parametrize(
    ("image", "who"),
    [("with_user", b"1234 1234"), ("with_owner", b"4321 99"), ("with_roots_tree", b"0 0")],
)
def test_jobs_are_not_root_where_the_image_allows_it(
    image: str, who: bytes, request: pytest.FixtureRequest, home: Path, tree: Path
) -> None:
    name: str = request.getfixturevalue(image)
    sandbox = DockerSandbox(home, IMAGE, f"test-{uuid.uuid4().hex}")
    command = "echo $(id -u) $(id -g) && echo x > own && cat /given && touch new"
    given = Job(None, command, "t", environment=name, files={"/given": b"given\n"})
    assert sandbox.run(given).output == who + b"\ngiven\n"
    (tree / "more").write_text("of the tree\n")
    job = Job(tree, "echo x >> more && echo x >> own && cat more", "t", environment=name)
    assert sandbox.run(job).output == b"of the tree\nx\n"
    sandbox.cancel()
    assert sandbox.reap() == 0
