"""Every kind of patch for every bug: our verdict and the official harness's agree."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stillwater.config import load
from stillwater.datasets import Instance
from stillwater.machine import Event, State
from stillwater.models.client import LitellmClient
from stillwater.repository import Repositories, touched
from stillwater.sandbox import DockerSandbox, engine_answers
from stillwater.snapshot import Artifact, Past, Snapshot
from stillwater.steps import STEPS, Tools
from stillwater.steps.tools import run_tests
from tests.official.bugs import SAMPLES, WRITTEN, Bug, sample
from tests.official.patches import KINDS

pytestmark = pytest.mark.docker

BASE = "python:3.11-slim"
AT_ONCE = 4
SECONDS = 300
IDENTITY = "-c user.name=t -c user.email=t@example.org"
DOCKERFILE = f"""\
FROM {BASE}
COPY . /testbed
RUN cd /testbed && rm Dockerfile && git init -q && git add -A \\
  && git {IDENTITY} commit -qm base && git tag base
"""
SCRIPT = """\
#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git status
git checkout base {test_files}
git apply -v - <<'EOF_114329324912'
{test_patch}
EOF_114329324912
: '>>>>> Start Test Output'
{command}
: '>>>>> End Test Output'
git checkout base {test_files}
"""
# The harness stops its container with `docker stop`, which waits 15 s for a shell that ignores it.
IMPATIENT = """\
#!/bin/sh
[ "$1" = stop ] && { shift 2; exec {docker} kill "$@"; }
exec {docker} "$@"
"""


def patience(kind: str) -> int:
    """Seconds that a test run may take: few only where it never ends by itself."""
    return 20 if kind in ("hanging", "forking") else SECONDS


@dataclass(frozen=True)
class Matrix:
    """The bugs with their rows, whose images are on the engine, and all patches."""

    bugs: dict[str, Bug]
    rows: list[dict[str, Any]]
    patches: dict[str, dict[str, str]]


def row_of(bug: Bug, image: str) -> dict[str, Any]:
    script = SCRIPT.format(
        test_files=" ".join(path for path in touched(bug.test_patch) if path in bug.files),
        test_patch=bug.test_patch.rstrip("\n"),
        command=bug.command,
    )
    return {
        "instance_id": bug.name,
        "repo": bug.name.split("-")[0].replace("__", "/"),
        "base_commit": "0" * 40,
        "problem_statement": "It is wrong.",
        "version": "1",
        "patch": bug.patch,
        "test_patch": bug.test_patch,
        "FAIL_TO_PASS": json.dumps(bug.fail_to_pass),
        "PASS_TO_PASS": json.dumps(bug.pass_to_pass),
        "image": image,
        "eval_script": script,
        "log_parser": bug.log_parser,
        "eval_type": "pass_and_fail",
    }


def build(bug: Bug, image: str, folder: Path) -> None:
    for path, text in {**bug.files, "Dockerfile": DOCKERFILE}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    subprocess.run(["docker", "build", "-q", "-t", image, folder], check=True, capture_output=True)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    pytest.importorskip("swebench")
    silence = engine_answers()
    if silence:
        pytest.skip(silence)
    if shutil.which("docker") is None:
        pytest.skip("the official harness removes its containers with the program `docker`")
    folder = tmp_path_factory.mktemp("matrix")
    bugs = [*(sample(name, folder / "home") for name in SAMPLES), *WRITTEN]
    mark = uuid.uuid4().hex[:12]
    images = {bug.name: f"stillwater-matrix:{mark}-{n}" for n, bug in enumerate(bugs)}
    try:
        for bug in bugs:
            build(bug, images[bug.name], folder / "context" / bug.name)
        yield Matrix(
            {bug.name: bug for bug in bugs},
            [row_of(bug, images[bug.name]) for bug in bugs],
            {
                kind: {bug.name: make(bug, folder / kind / bug.name) for bug in bugs}
                for kind, make in KINDS.items()
            },
        )
    finally:
        subprocess.run(["docker", "rmi", "-f", *images.values()], capture_output=True, check=False)


@pytest.fixture(scope="module")
def theirs(matrix: Matrix, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The instances that the official harness calls resolved, by the kind of patch."""
    folder = tmp_path_factory.mktemp("official")
    (folder / "rows.json").write_text(json.dumps(matrix.rows))
    return {kind: evaluate(folder, kind, matrix.patches[kind]) for kind in KINDS}


def impatient_docker(folder: Path) -> Path:
    """A folder for PATH, with a `docker` that kills where it is asked to stop."""
    shim = folder / "bin" / "docker"
    if not shim.exists():
        shim.parent.mkdir()
        shim.write_text(IMPATIENT.replace("{docker}", str(shutil.which("docker"))))
        shim.chmod(0o755)
    return shim.parent


def evaluate(folder: Path, kind: str, patches: dict[str, str]) -> set[str]:
    predictions = [
        {"instance_id": name, "model_name_or_path": "m", "model_patch": patch}
        for name, patch in patches.items()
    ]
    (folder / f"{kind}.json").write_text(json.dumps(predictions))
    report = official_report(folder, f"{kind}.json", kind, patience(kind))
    assert report["total_instances"] == len(patches)
    return set(report["resolved_ids"])


def official_report(
    folder: Path, predictions: str, run_id: str, seconds: int = SECONDS
) -> dict[str, Any]:
    """What the official harness finds of these predictions for the rows in rows.json.

    `seconds` is what one test run may take.
    """
    command = [
        sys.executable, "-m", "swebench.harness.run_evaluation", "-d", "rows.json",
        "-p", predictions, "-id", run_id, "-t", str(seconds), "--max_workers", str(AT_ONCE),
    ]  # fmt: skip
    path = f"{impatient_docker(folder)}:{os.environ['PATH']}"
    # At its end it lists all containers of the engine, and stumbles over one that just goes; what
    # it has evaluated by then it doesn't evaluate again.
    for _ in range(3):
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": path},
        )  # fmt: skip
        if "docker.errors.NotFound" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-2000:]
    (report,) = folder.glob(f"*.{run_id}.json")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def snapshot_of(row: dict[str, Any], text: str, seconds: int = SECONDS) -> Snapshot:
    """A machine whose patch is to be tested."""
    settings = {"sandbox": "docker", "test_timeout": seconds, "test_pids": 128}
    patch = Artifact("patch", text.encode())
    applied = Past(
        1, State.APPLY, Event.APPLIED, State.TEST, 1, {"artifacts": {"patch": patch.sha256}}
    )
    return Snapshot(
        run_id="r", machine_id=1, arm="default", instance=Instance.model_validate(row),
        config=load(settings), state=State.TEST, attempt=1, model="m", past=(applied,),
        blobs={patch.sha256: patch.content},
    )  # fmt: skip


def ours(matrix: Matrix, kind: str, folder: Path) -> set[str]:
    """The instances whose TEST step says `passed`."""
    sandbox = DockerSandbox(folder, BASE, f"matrix-{kind}")
    tools = Tools(Repositories(folder, ""), sandbox, LitellmClient(None, None))

    def resolved(row: dict[str, Any]) -> bool:
        patch = matrix.patches[kind][row["instance_id"]]
        snapshot = snapshot_of(row, patch, patience(kind))
        return STEPS[State.TEST](snapshot, tools).event is Event.PASSED

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(resolved, matrix.rows)
        return {row["instance_id"] for row, one in zip(matrix.rows, found, strict=True) if one}


def test_no_line_of_the_hidden_tests_is_printed_where_they_are_left_out(
    matrix: Matrix, tmp_path: Path
) -> None:
    tools = Tools(
        Repositories(tmp_path, ""),
        DockerSandbox(tmp_path, BASE, "matrix-visible"),
        LitellmClient(None, None),
    )
    for row in matrix.rows:
        visible = run_tests(snapshot_of(row, ""), tools, "", hidden=False)
        added = [line[1:].strip() for line in row["test_patch"].splitlines() if line[:1] == "+"]
        assert not [line for line in added if len(line) > 10 and line in visible.log.decode()]
        if row["instance_id"] != "query__query-4":  # all of its tests are in test_patch
            assert visible.reading.tests


@pytest.mark.parametrize("kind", KINDS)
def test_our_verdict_is_the_official_one(
    matrix: Matrix, theirs: dict[str, set[str]], kind: str, tmp_path: Path
) -> None:
    assert ours(matrix, kind, tmp_path) == theirs[kind]


def test_the_right_patches_and_no_others_are_resolved(
    matrix: Matrix, theirs: dict[str, set[str]]
) -> None:
    assert theirs["gold"] == set(matrix.bugs)
    for kind in ("empty", "breaking", "unimportable", "hanging", "forking"):
        assert theirs[kind] == set(), kind
    # The harness's parser of verbose logs believes whoever prints `… ok` last, and so must we.
    believing = {row["instance_id"] for row in matrix.rows if "django" in row["log_parser"]}
    assert theirs["faking"] <= believing
