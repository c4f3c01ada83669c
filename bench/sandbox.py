"""What a test run costs beyond the bare test command: docker, local, and the official harness.

    python bench/sandbox.py [--rounds 10]

An image is made with a small repository in /testbed; its tests take next to no time. In each round
every path runs the same tests once, one after the other:

- bare: the test command by itself, in a container that runs already (docker exec);
- docker: Stillwater's docker sandbox, as for an instance with an image (patch, evaluation script);
- tree: the same sandbox, as for an instance without an image (its tree goes in as an archive);
- local: Stillwater's local sandbox, on the same tree;
- official: swebench's own run_instance (create container, copy, apply, run, grade, remove). Its
  removal waits for `docker stop`, up to 15 s with its own `tail -f`; `impatient` is the same path
  with `docker kill` in its place, and is what the ratios are to.

Prints the medians in milliseconds, the costs beyond the bare command's (local: beyond the command's
own time on the host) and the ratios to the official harness's cost. Needs an engine, the extra
`swebench`, and the program `docker`.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stillwater.edits import diff
from stillwater.grading import official
from stillwater.sandbox import DockerSandbox, Job, LocalSandbox
from stillwater.steps import evaluation

BASE = "python:3.11-slim"
TARGET = 1 / 4
MODULE = "def double(x):\n    return x + x + 1\n"
TESTS = """import unittest

from double import double


class DoubleTest(unittest.TestCase):
    def test_four(self):
        self.assertEqual(double(4), 8)
"""
COMMAND = "python -m unittest -v"
PATCH = diff({"double.py": MODULE}, {"double.py": MODULE.replace(" + 1", "")})
DOCKERFILE = f"""FROM {BASE}
COPY . /testbed
RUN cd /testbed && rm Dockerfile && git init -q && git add -A \\
  && git -c user.name=b -c user.email=b@example.org commit -qm base
"""
SCRIPT = f"""#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
: '>>>>> Start Test Output'
{COMMAND}
: '>>>>> End Test Output'
"""
IMPATIENT = """#!/bin/sh
[ "$1" = stop ] && {{ shift 2; exec {docker} kill "$@"; }}
exec {docker} "$@"
"""


def write(folder: Path, dockerfile: bool) -> Path:
    """The repository's files, and what builds its image."""
    folder.mkdir()
    (folder / "double.py").write_text(MODULE)
    (folder / "test_double.py").write_text(TESTS)
    if dockerfile:
        (folder / "Dockerfile").write_text(DOCKERFILE)
    return folder


def timed(call: Callable[[], object]) -> float:
    """Seconds that the call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


class Paths:
    """Every way to run the tests once; each raises if they don't run."""

    def __init__(self, folder: Path, image: str) -> None:
        self.folder = folder
        self.image = image
        self.docker_sandbox = DockerSandbox(folder / "home", BASE, "bench")
        self.local_sandbox = LocalSandbox(folder / "home")
        self.repaired = write(folder / "tree", dockerfile=False)
        (self.repaired / "double.py").write_text(MODULE.replace(" + 1", ""))
        self.number = 0
        self.running = self.ask("run", "-d", "--rm", "--init", image, "sleep", "3600")
        self.ask("exec", self.running, "sh", "-c", f"cd /testbed && echo '{PATCH}' | git apply")

    def ask(self, *words: str) -> str:
        """The docker program's answer."""
        done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def bare(self) -> None:
        """The tests alone, in a container that runs: timed inside, without the client's start."""
        self.ask("exec", "-w", "/testbed", self.running, "sh", "-c", COMMAND)

    def on_the_host(self) -> None:
        """The tests alone, on the host."""
        subprocess.run(["sh", "-c", COMMAND], cwd=self.repaired, check=True, capture_output=True)

    def docker(self) -> None:
        """An instance with an image."""
        files = {
            evaluation.PATCH: PATCH.encode(),
            evaluation.SCRIPT: official.evaluation_script(SCRIPT).encode(),
        }
        job = Job(None, evaluation.RUN, "bench", environment=self.image, files=files)
        assert b"test_four (test_double.DoubleTest.test_four) ... ok" in (
            self.docker_sandbox.run(job).output
        )

    def tree(self) -> None:
        """An instance without an image, in the docker sandbox."""
        assert b"... ok" in self.docker_sandbox.run(Job(self.repaired, COMMAND, "bench")).output

    def local(self) -> None:
        """An instance without an image, in the local sandbox."""
        assert b"... ok" in self.local_sandbox.run(Job(self.repaired, COMMAND, "bench")).output

    def official(self) -> None:
        """The harness's own path."""
        import docker
        from swebench.harness.run_evaluation import run_instance
        from swebench.harness.utils import make_test_spec

        self.number += 1
        test = "test_four (test_double.DoubleTest.test_four)"
        row: dict[str, Any] = {
            "instance_id": "double__double-1", "image": self.image, "repo": "double/double",
            "version": "1", "FAIL_TO_PASS": [test], "PASS_TO_PASS": [], "eval_script": SCRIPT,
            "log_parser": "parse_log_django", "eval_type": "pass_and_fail",
        }  # fmt: skip
        prediction = {
            "instance_id": row["instance_id"], "model_name_or_path": "m", "model_patch": PATCH
        }  # fmt: skip
        client = docker.from_env()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(self.folder):
            made = run_instance(make_test_spec(row), prediction, client, f"r{self.number}", 600)
        assert made is not None
        assert made[1][row["instance_id"]]["resolved"]
        client.close()

    def close(self) -> None:
        """Remove what was started."""
        self.ask("rm", "-f", self.running)
        self.docker_sandbox.reap()


@contextlib.contextmanager
def impatient(folder: Path) -> Iterator[None]:
    """While it lasts, the program `docker` kills where it is asked to stop."""
    shim = folder / "bin" / "docker"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(IMPATIENT.format(docker=shutil.which("docker")))
    shim.chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{shim.parent}:{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


def measure(paths: Paths, rounds: int) -> dict[str, list[float]]:
    """Seconds of every path in every round; the first, uncounted round warms up."""
    ways = {
        "bare": paths.bare, "on_the_host": paths.on_the_host, "docker": paths.docker,
        "tree": paths.tree, "local": paths.local,
    }  # fmt: skip
    found: dict[str, list[float]] = {name: [] for name in (*ways, "impatient")}
    for number in range(rounds + 1):
        taken = {name: timed(way) for name, way in ways.items()}
        with impatient(paths.folder):
            taken["impatient"] = timed(paths.official)
        if number:
            for name, seconds in taken.items():
                found[name].append(seconds)
    found["official"] = [timed(paths.official)]
    return found


def main() -> None:
    """Measure all, print medians, costs and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds: int = parser.parse_args().rounds
    image = f"stillwater-bench:{uuid.uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = write(folder / "context", dockerfile=True)
        subprocess.run(["docker", "build", "-q", "-t", image, context], check=True, stdout=-3)
        paths = Paths(folder, image)
        try:
            found = measure(paths, rounds)
        finally:
            paths.close()
            subprocess.run(["docker", "rmi", "-f", image], check=False, stdout=-3)
    median = {way: statistics.median(taken) * 1000 for way, taken in found.items()}
    cost = {
        way: median[way] - median["on_the_host" if way == "local" else "bare"]
        for way in ("docker", "tree", "local", "impatient", "official")
    }
    result = {
        "rounds": rounds,
        "median_ms": {way: round(value, 1) for way, value in median.items()},
        "cost_ms": {way: round(value, 1) for way, value in cost.items()},
        "ratio": {
            way: round(cost[way] / cost["impatient"], 3) for way in ("docker", "tree", "local")
        },
        "ratio_to_official_as_it_is": {
            way: round(cost[way] / cost["official"], 3) for way in ("docker", "tree", "local")
        },
        "target": TARGET,
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
