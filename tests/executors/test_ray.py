"""Ray underneath: two real nodes on this machine, killed while a run is on them."""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3
import pytest

from bench.cluster import Cluster, kill, two_nodes
from stillwater import __version__, datasets
from stillwater.config import load
from stillwater.errors import InputError
from stillwater.executors.ray import Cluster as Chosen
from stillwater.executors.ray import Outfit, RayExecutor
from stillwater.slots import Slot
from stillwater.store import Store
from tests.e2e.audit import audited, check_paths, result, transitions
from tests.e2e.command import killed, processes_in, started, stillwater
from tests.models.server import Script, openai_server
from tests.patience import DEADLINE

RUN = ("run", "samples", "--limit", "4", "--model", "builtin/mutate", "--attempts", "2")
LOCAL = ("--sandbox", "local")
KILLS = 4


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the nodes keep their caches."""
    return tmp_path_factory.mktemp("nodes")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run on threads of one process, which nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = stillwater(folder, *RUN, *LOCAL)
    assert done.returncode == 0, done.stderr
    return folder / "stillwater.db"


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    """A head and a node."""
    with two_nodes({"HOME": str(home), "XDG_CACHE_HOME": str(home)}) as cluster:
        yield cluster


def transition_count(folder: Path) -> int:
    """How many are committed."""
    try:
        return sum(map(len, transitions(folder / "stillwater.db").values()))
    except sqlite3.OperationalError:
        return 0


def wait_for_transitions(folder: Path, least: int) -> None:
    """Until so many are committed."""
    deadline = time.monotonic() + DEADLINE
    while transition_count(folder) < least:
        assert time.monotonic() < deadline, (folder / "out.txt").read_text()
        time.sleep(0.05)


def same_as(db: Path, undisturbed: Path) -> None:
    """The record holds, and says what the undisturbed run's says."""
    (kept,) = audited(db.parent)["heads"]
    assert kept["behind"] == 0
    check_paths(db)
    assert result(db) == result(undisturbed)


def deferrals(db: Path) -> list[str]:
    """Why machines were deferred."""
    return [
        one["evidence"]["reason"]
        for path in transitions(db).values()
        for one in path
        if one["event"] == "defer"
    ]


def work_trees(home: Path) -> list[Path]:
    """Those on the nodes."""
    return [left for left in home.glob("stillwater/*/*/work/*") if left.is_dir()]


def wait_for_a_work_tree(home: Path) -> None:
    """Until a node works in one."""
    deadline = time.monotonic() + DEADLINE
    while not work_trees(home):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def nothing_left(home: Path, folder: Path) -> None:
    """No work tree on the nodes, no process of the scheduler's."""
    deadline = time.monotonic() + DEADLINE
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_in(folder) == []
    assert work_trees(home) == []


@pytest.mark.slow
def test_a_node_and_then_the_head_killed_in_the_middle_cost_no_attempt(
    tmp_path: Path, cluster: Cluster, home: Path, undisturbed: Path
) -> None:
    run = started(tmp_path, *RUN, *LOCAL, "--ray-address", cluster.address, **cluster.access)
    wait_for_transitions(tmp_path, 6)
    kill(cluster.nodes[1])
    before = transition_count(tmp_path)
    wait_for_transitions(tmp_path, before + 6)
    kill(cluster.nodes[0])
    cluster.start_head()
    cluster.add_node()
    assert run.wait(DEADLINE) == 0, (tmp_path / "out.txt").read_text()
    same_as(tmp_path / "stillwater.db", undisturbed)
    reasons = deferrals(tmp_path / "stillwater.db")
    assert reasons
    assert all("Ray" in reason for reason in reasons)
    nothing_left(home, tmp_path)


@pytest.mark.slow
def test_a_scheduler_on_ray_killed_at_random_moments_ends_as_the_undisturbed_one(
    tmp_path: Path, cluster: Cluster, home: Path, undisturbed: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ray = ("--ray-address", cluster.address)
    process, kills = started(tmp_path, *RUN, *LOCAL, *ray, **cluster.access), 0
    while kills < KILLS and killed(process, chance.uniform(4.0, 20.0)):
        kills += 1
        process = started(tmp_path, *next_command(tmp_path), *ray, **cluster.access)
    process.wait(DEADLINE)
    ended = stillwater(tmp_path, "resume", *ray, **cluster.access)
    assert ended.returncode == 0, ended.stderr
    same_as(tmp_path / "stillwater.db", undisturbed)
    nothing_left(home, tmp_path)


@pytest.mark.slow
def test_a_server_that_fails_leaves_its_questions_on_ray_to_the_other(
    tmp_path: Path, cluster: Cluster
) -> None:
    told: dict[str, Any] = {"text": "no idea", "context": 16384, "prompt_tokens": 9000}
    words = ("run", "samples", "--limit", "2", "--attempts", "2", "--set", "defer_seconds=0.01")
    ray = ("--ray-address", cluster.address)
    with (
        openai_server(Script(**told)) as well,
        openai_server(Script(**told, status=503, error="loading")) as failing,
    ):
        servers = ("--model", "openai/local", "--endpoint", failing, "--endpoint", well)
        done = stillwater(tmp_path, *words, *LOCAL, *servers, *ray, **cluster.access)
    assert done.returncode == 0, done.stderr
    paths = transitions(tmp_path / "stillwater.db").values()
    steps = [one for path in paths for one in path]
    answered = [one for one in steps if one["event"] == "unusable"]
    assert [one["evidence"]["endpoint"] for one in answered] == [well] * 4
    deferred = [one["evidence"] for one in steps if one["event"] == "defer"]
    assert {one["endpoint"] for one in deferred} == {failing}
    audited(tmp_path)


def next_command(folder: Path) -> tuple[str, ...]:
    """What goes on there: a run, where the killed one had not been written yet."""
    if not (folder / "stillwater.db").exists():
        return (*RUN, *LOCAL)
    with Store.open(folder / "stillwater.db") as store:
        return ("resume",) if store.runs() else (*RUN, *LOCAL)


@pytest.mark.slow
def test_a_run_stops_on_the_cluster_and_goes_on_in_one_process(
    tmp_path: Path, cluster: Cluster, home: Path, undisturbed: Path
) -> None:
    run = started(tmp_path, *RUN, *LOCAL, "--ray-address", cluster.address, **cluster.access)
    wait_for_transitions(tmp_path, 6)
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait(DEADLINE) == 128 + signal.SIGTERM
    done = stillwater(tmp_path, "resume")
    assert done.returncode == 0, done.stderr
    same_as(tmp_path / "stillwater.db", undisturbed)
    nothing_left(home, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_in_the_middle_of_a_test_leaves_nothing_on_the_nodes(
    tmp_path: Path, cluster: Cluster, home: Path, how: signal.Signals
) -> None:
    endless = {**datasets.load("samples").rows[0], "test_command": "sleep 100000"}
    (tmp_path / "endless.json").write_text(json.dumps([endless]))
    words = ("run", "endless.json", "--model", "builtin/mutate", *LOCAL)
    run = started(tmp_path, *words, "--ray-address", cluster.address, **cluster.access)
    wait_for_a_work_tree(home)
    os.kill(run.pid, how)
    run.wait(DEADLINE)
    nothing_left(home, tmp_path)


def test_an_address_where_no_cluster_is_costs_one_sentence(tmp_path: Path) -> None:
    done = stillwater(tmp_path, *RUN, *LOCAL, "--ray-address", "127.0.0.1:9")
    assert done.returncode == 2
    assert "No Ray cluster answers at 127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Store.open(tmp_path / "stillwater.db", read_only=True).runs()


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    done = stillwater(tmp_path, *RUN, "--ray-address", "somewhere")
    assert done.returncode == 2
    assert "'somewhere' isn't HOST:PORT" in done.stderr


def test_only_nodes_with_the_label_have_slots(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cluster.access.items():
        monkeypatch.setenv(name, value)
    outfit = Outfit(__version__, "labels", tmp_path, "local", load({}), {})

    def executor(**settings: str) -> RayExecutor:
        config = load({"executor": "ray", "ray_address": cluster.address, **settings})
        return RayExecutor(outfit, Chosen.of(config), tmp_path / "ray.log")

    some = executor(ray_model_nodes="part=first")
    try:
        some.connect()
        assert (some.limits()[Slot.MODEL], some.limits()[Slot.SANDBOX]) == (1, 4)
    finally:
        some.close()
    with pytest.raises(InputError, match="offers sandbox and has the label part=nobody's: start"):
        executor(ray_sandbox_nodes="part=nobody's").connect()
