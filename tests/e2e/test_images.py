"""`stillwater images`, and runs whose images come late or never, against a registry of our own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwater.sandbox import engine_answers
from tests.e2e.command import started, stillwater
from tests.patience import DEADLINE
from tests.registry import Registry, registry

pytestmark = pytest.mark.docker

ROW: dict[str, Any] = {
    "repo": "a/b", "base_commit": "0" * 40, "problem_statement": "It is wrong.",
    "FAIL_TO_PASS": ["t.py::t"], "eval_script": "true", "log_parser": "parse_log_pytest",
    "eval_type": "pass_and_fail", "version": "1",
}  # fmt: skip


@pytest.fixture
def served() -> Iterator[Registry]:
    pytest.importorskip("swebench")
    silence = engine_answers()
    if silence:
        pytest.skip(silence)
    with registry() as serving:
        yield serving
        for name in serving.manifests:
            image = f"{serving.address}/{name}:1"
            subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=False)


def dataset(folder: Path, *images: str, **changes: Any) -> None:
    rows = [ROW | {"instance_id": f"a__b-{n}", "image": one} for n, one in enumerate(images)]
    (folder / "d.json").write_text(json.dumps([row | changes for row in rows]))


def test_plan_pull_and_prune(served: Registry, tmp_path: Path) -> None:
    one, two = served.add("plan/one", 50_000), served.add("plan/two", 50_000)
    dataset(tmp_path, one, two, one)
    before = json.loads(stillwater(tmp_path, "images", "plan", "d.json", "--json").stdout)
    assert (before["here"], before["missing"], before["fits"]) == (0, 2, "unknown")
    pulled = stillwater(tmp_path, "images", "pull", "d.json", "--instance", "a__b-0")
    assert pulled.returncode == 0, pulled.stderr
    middle = json.loads(stillwater(tmp_path, "images", "plan", "d.json", "--json").stdout)
    assert (middle["here"], middle["missing"], middle["fits"]) == (1, 1, "yes")
    assert middle["images"][two] is None
    dry = stillwater(tmp_path, "images", "prune", "--dry-run").stdout
    assert one in dry
    assert stillwater(tmp_path, "images", "prune", "--yes").returncode == 0
    after = json.loads(stillwater(tmp_path, "images", "plan", "d.json", "--json").stdout)
    assert after["here"] == 0
    assert "Nothing to remove" in stillwater(tmp_path, "images", "prune", "--dry-run").stdout


def test_pull_goes_on_past_what_cannot_be_had(served: Registry, tmp_path: Path) -> None:
    good, bad = served.add("pull/good"), f"{served.address}/pull/bad:1"
    dataset(tmp_path, bad, good)
    done = stillwater(tmp_path, "images", "pull", "d.json")
    assert done.returncode == 1
    assert bad in done.stderr
    assert "1 of 2 images are here" in done.stdout


def test_pull_counts_only_what_is_left_within_the_budget(served: Registry, tmp_path: Path) -> None:
    dataset(tmp_path, served.add("budget/one", 50_000), served.add("budget/two", 50_000))
    done = stillwater(tmp_path, "images", "pull", "d.json", STILLWATER_IMAGE_BUDGET="60000")
    assert done.returncode == 1
    assert "1 of 2 images are here" in done.stdout
    assert "image_budget doesn't hold them all" in done.stderr


def test_without_an_engine_images_say_so(tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    done = stillwater(tmp_path, "images", "plan", "samples", **nowhere)
    assert done.returncode == 2
    assert "Docker" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_image_of_ones_own_repository_is_built_once(served: Registry, tmp_path: Path) -> None:
    repo = tmp_path / "mine"
    repo.mkdir()
    (repo / "Dockerfile").write_text("FROM python:3.11-slim\nCOPY . /testbed\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words], cwd=repo, check=True)
    names = set()
    for how in (["--dockerfile", "mine/Dockerfile"], ["--setup", "echo built >/opt/built"]):
        for _ in range(2):
            done = stillwater(tmp_path, "images", "build", "--repo", "mine", *how)
            assert done.returncode == 0, done.stderr
            names.add(done.stdout.strip())
    assert len(names) == 2
    assert stillwater(tmp_path, "images", "build", "--repo", "mine").returncode == 2
    broken = stillwater(tmp_path, "images", "build", "--repo", "mine", "--setup", "exit 3")
    assert (broken.returncode, "Traceback" in broken.stderr) == (2, False)
    for name in names:
        subprocess.run(["docker", "rmi", "-f", name], capture_output=True, check=False)


def test_an_image_that_never_comes_ends_its_machine_and_no_other(
    served: Registry, tmp_path: Path
) -> None:
    from stillwater.samples import INSTANCES

    sample = json.loads(INSTANCES.read_text("utf-8").splitlines()[0])
    bad = f"{served.address}/never/comes:1"
    rows = [ROW | {"instance_id": "a__b-1", "image": bad}, sample]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    settings = ("--set", "max_defers=1", "--set", "defer_seconds=0.1", "--attempts", "1")
    done = stillwater(
        tmp_path, "run", "d.json", "--model", "builtin/mutate", "--sandbox", "docker", *settings
    )
    assert done.returncode == 0, done.stderr
    shown = stillwater(tmp_path, "show", "a__b-1").stdout
    assert "defer" in shown
    assert "abort" in shown
    assert bad in shown
    assert "abort" not in stillwater(tmp_path, "show", sample["instance_id"]).stdout


def test_a_machine_that_waits_for_its_image_keeps_nobody_waiting(
    served: Registry, tmp_path: Path
) -> None:
    from stillwater.samples import INSTANCES

    slow = served.add("slow/image", 100_000)
    samples = [json.loads(line) for line in INSTANCES.read_text("utf-8").splitlines()[:2]]
    rows = [ROW | {"instance_id": "a__b-1", "image": slow}, *samples]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    served.gate.clear()
    process = started(
        tmp_path, "run", "d.json", "--model", "builtin/mutate", "--sandbox", "docker",
        "--attempts", "1", "--set", "sandbox_slots=2", "--set", "max_defers=0",
    )  # fmt: skip
    try:
        assert served.waiting.wait(DEADLINE)
        for sample in samples:
            wait_until_final(tmp_path, sample["instance_id"])
        assert "READ" in stillwater(tmp_path, "status").stdout
    finally:
        served.gate.set()
        process.wait(DEADLINE)


def wait_until_final(folder: Path, instance_id: str) -> None:
    for _ in range(200):
        found = stillwater(folder, "report", "--json")
        if found.returncode == 0 and instance_id in finals(folder):
            return
    raise AssertionError((folder / "out.txt").read_text())


def finals(folder: Path) -> set[str]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "stillwater.db")) as database:
        query = "SELECT instance_id FROM machines WHERE state IN ('VERIFIED', 'FAILED')"
        return {row[0] for row in database.execute(query)}
