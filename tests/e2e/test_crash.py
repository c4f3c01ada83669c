"""kill -9 at any moment: a run goes on, and ends as if nothing had happened."""

import json
import random
import time
from pathlib import Path

import pytest

from stillwater.runs import Place
from stillwater.samples import INSTANCES
from stillwater.store import Store
from tests.e2e.audit import audited, check_paths, result
from tests.e2e.command import killed, processes_in, started, stillwater
from tests.holds import holds
from tests.patience import DEADLINE

KILLS = 20
WHICH = ("--shuffle", "7", "--limit", "12")
RUN = ("run", "samples", *WHICH, "--model", "builtin/mutate", "--attempts", "2")
LOCAL = ("--sandbox", "local")


def intact(db: Path) -> None:
    """All that an audit checks holds, up to the last head, and every machine reached its end."""
    (kept,) = audited(db.parent)["heads"]
    assert kept["behind"] == 0
    check_paths(db)


def nothing_left(folder: Path) -> None:
    """No work tree, no process of the run is left over."""
    work = folder / ".stillwater" / "work"
    assert not work.exists() or list(work.iterdir()) == []
    deadline = time.monotonic() + DEADLINE
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_in(folder) == []


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    undisturbed.mkdir()
    disturbed.mkdir()
    done = stillwater(undisturbed, *RUN, *LOCAL)
    assert done.returncode == 0, done.stderr
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)

    process, kills = started(disturbed, *RUN, *LOCAL), 0
    while kills < KILLS:
        if not killed(process, chance.uniform(0.1, 8.0)):
            # It ended, so this database is done: kill the rest of the times in a run of its own.
            break
        kills += 1
        begun = not no_run(disturbed)
        assert not begun or holds(disturbed / "stillwater.db")
        process = started(disturbed, *(("resume",) if begun else RUN + LOCAL))
    process.wait(DEADLINE)
    while kills < KILLS:
        kills += one_more_kill(disturbed, chance)

    ended = stillwater(disturbed, "resume")
    assert ended.returncode == 0, ended.stderr
    assert process.returncode in {0, -9}
    assert result(disturbed / "stillwater.db") == result(undisturbed / "stillwater.db")
    for folder in (undisturbed, disturbed):
        intact(folder / "stillwater.db")
        nothing_left(folder)


def no_run(folder: Path) -> bool:
    """Whether the command was killed before its run was written."""
    if not (folder / "stillwater.db").exists():
        return True
    with Store.open(folder / "stillwater.db") as store:
        return not store.runs()


def one_more_kill(folder: Path, chance: random.Random) -> int:
    """Kill a resume of the finished run; it must change nothing."""
    return int(killed(started(folder, "resume"), chance.uniform(0.05, 0.4)))


@pytest.mark.docker
def test_a_container_of_a_killed_run_is_gone_after_the_resume(
    tmp_path: Path, docker_engine: None
) -> None:
    # Tests that hang until their limit: the container is there to be seen and left behind.
    row = json.loads(INSTANCES.read_text("utf-8").splitlines()[0]) | {"test_command": "sleep 600"}
    (tmp_path / "d.jsonl").write_text(json.dumps(row))
    run = ("run", "d.jsonl", "--model", "builtin/mutate", "--set", "test_timeout=8")
    process = started(tmp_path, *run, "--sandbox", "docker")
    wait_for_container(tmp_path)
    process.kill()
    process.wait(DEADLINE)
    done = stillwater(tmp_path, "resume")
    assert done.returncode == 0, done.stderr
    intact(tmp_path / "stillwater.db")
    nothing_left(tmp_path)
    assert containers(tmp_path) == []


def containers(folder: Path) -> list[str]:
    """Names of all containers of the database in `folder`."""
    import docker

    label = Place(folder / "stillwater.db").label
    client = docker.from_env()
    try:
        found = client.containers.list(
            all=True, ignore_removed=True, filters={"label": f"stillwater={label}"}
        )
        return [container.name for container in found]
    finally:
        client.close()


def wait_for_container(folder: Path, seconds: float = 60.0) -> None:
    """Until the run is written and a container of it exists."""
    deadline = time.monotonic() + seconds
    while no_run(folder) or not containers(folder):
        assert time.monotonic() < deadline, "no container came up"
        time.sleep(0.02)
