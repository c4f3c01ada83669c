"""What a test run costs beyond the bare test command: our sandboxes, and the official harness.

    python bench/sandbox.py [--runs 15] [--stops 2]

Builds an image with a small git repository in /testbed (no network is needed: python:3.11-slim is
taken as it is here). Then, in turn: the bare command, timed from inside a container that runs
already and in a folder of this machine; the docker sandbox in that image, with the patch put in as
a file and applied there, as the harness does; the same with a host's tree put in; the local
sandbox in a tree; and swebench's own `run_instance` with that patch: create, start, copy, apply,
run, grade, remove. Each figure is the median of the runs, less the median of the bare command.

The docker sandbox's spare container is waited for before each run, for in a real run a model, or
another test, takes longer than its making; `back_to_back` are runs that come right after another
one, `cold` those without any spare.

`docker stop --time=15` is how the harness ends a container whose `tail` ignores SIGTERM; it is
measured as it is in --stops runs, and with --time=0 in the others: the target is judged by those.
"""

import argparse
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn
from unittest import mock

from swebench.harness import docker_utils
from swebench.harness.run_evaluation import run_instance
from swebench.types import TestSpec

from bench import claims
from bench.beyond import BARE, Seconds, beyond, claimed, report
from stillwater.sandbox import DockerSandbox, Execution, Job, LocalSandbox, engine_answers
from stillwater.sandbox.engine import connect
from stillwater.sandbox.local import SYSTEM_PATH

if TYPE_CHECKING:
    from docker import DockerClient

BASE = "python:3.11-slim"
VARIABLES = {"PYTHONDONTWRITEBYTECODE": "1"}  # as in the sandboxes: every run compiles
TEST = "python -m unittest -q test_small"
FILES = {
    "small.py": "def double(x):\n    return x + 3\n",
    "test_small.py": (
        "import unittest\n\nfrom small import double\n\n\nclass Doubling(unittest.TestCase):\n"
        "    def test_double(self):\n        self.assertEqual(double(4), 8)\n"
        "        print('PASSED test_small.py::test_double')\n"
    ),
}
FIXED = "def double(x):\n    return 2 * x\n"
PATCH = (
    "diff --git a/small.py b/small.py\n--- a/small.py\n+++ b/small.py\n"
    "@@ -1,2 +1,2 @@\n def double(x):\n-    return x + 3\n+    return 2 * x\n"
)
DOCKERFILE = f"""FROM {BASE}
COPY testbed /testbed
WORKDIR /testbed
RUN git init -q && git add -A && git -c user.name=b -c user.email=b@localhost commit -qm base
"""
TIMED = (
    "import subprocess, time; begun = time.perf_counter();"
    f" subprocess.run(['bash', '-c', {TEST!r}], capture_output=True, check=True);"
    " print(time.perf_counter() - begun)"
)


@contextmanager
def image(client: "DockerClient") -> Iterator[str]:
    """The image, for as long as it's needed. Exits, saying so, where git isn't in it."""
    name = f"stillwater-bench:{uuid.uuid4().hex}"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for path, text in {"Dockerfile": DOCKERFILE, **testbed(FILES)}.items():
            info = tarfile.TarInfo(path)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    context.seek(0)
    has_git = client.containers.run(BASE, ["sh", "-c", "command -v git || true"], remove=True)
    if not has_git:
        skip(f"{BASE} has no git here, which the official harness runs in it")
    client.images.build(fileobj=context, custom_context=True, tag=name, rm=True)
    try:
        yield name
    finally:
        client.images.remove(name, force=True)


def skip(why: str) -> NoReturn:
    """End without a figure: not every machine can be measured."""
    claims.skipped(why)
    raise SystemExit(0)


def testbed(files: Mapping[str, str]) -> dict[str, str]:
    """Those files, below testbed/."""
    return {f"testbed/{name}": text for name, text in files.items()}


@contextmanager
def tree() -> Iterator[Path]:
    """The patched files in a folder of this machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for file, text in {**FILES, "small.py": FIXED}.items():
            (folder / file).write_text(text)
        yield folder


@dataclass(frozen=True)
class Official:
    """swebench's own path on the image, in the present folder, where it writes its logs."""

    client: "DockerClient"
    image: str

    def run(self) -> None:
        """Run the instance once; raises SystemExit unless it counts as resolved."""
        spec = TestSpec(
            instance_id="bench__bench-1",
            image=self.image,
            eval_script_list=[
                "cd /testbed",
                ": '>>>>> Start Test Output'",
                TEST,
                ": '>>>>> End Test Output'",
            ],
            repo="bench/bench",
            version="1",
            FAIL_TO_PASS=["test_small.py::test_double"],
            PASS_TO_PASS=[],
            log_parser="parse_log_pytest",
            eval_type="pass_and_fail",
        )
        prediction = {
            "instance_id": spec.instance_id,
            "model_name_or_path": "bench",
            "model_patch": PATCH,
        }
        done = run_instance(spec, prediction, self.client, uuid.uuid4().hex, timeout=600)
        if not done or not done[1][spec.instance_id]["resolved"]:
            raise SystemExit(f"The official harness didn't resolve the instance: {done}")

    def run_without_wait(self) -> None:
        """The same, but for the patience of its `docker stop`."""

        def at_once(command: Sequence[str], **rest: object) -> object:
            words = ["--time=0" if word == "--time=15" else word for word in command]
            return subprocess.run(words, check=False, **rest)  # type: ignore[call-overload]

        impatient = SimpleNamespace(**{**vars(subprocess), "run": at_once})
        with mock.patch.object(docker_utils, "subprocess", impatient):
            self.run()


def checked(execution: Execution) -> None:
    """Raises SystemExit unless the test passed."""
    if execution.exit_code != 0 or b"PASSED" not in execution.output:
        raise SystemExit(f"The test didn't pass: {execution}")


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(client: "DockerClient", name: str, folder: Path, runs: int, stops: int) -> Seconds:
    """Seconds of each run of each path, one after the other."""
    label = f"bench-{uuid.uuid4().hex}"
    own = Job(
        None,
        f"git apply --verbose /tmp/patch.diff && {TEST}",
        label,
        environment=name,
        files={"/tmp/patch.diff": PATCH.encode()},
    )
    docker = DockerSandbox(folder, BASE, label)
    local = LocalSandbox(folder)
    official = Official(client, name)

    def in_docker() -> None:
        with tree() as made:
            checked(docker.run(Job(made, TEST, label, environment=name)))

    def in_local() -> None:
        with tree() as made:
            checked(local.run(Job(made, TEST, label)))

    def nothing() -> None: ...

    spares = docker._spares
    paths: dict[str, tuple[Callable[[], None], Callable[[], object]]] = {
        "docker": (spares.settle, lambda: checked(docker.run(own))),
        "docker_back_to_back": (nothing, lambda: checked(docker.run(own))),
        "docker_cold": (spares.empty, lambda: checked(docker.run(own))),
        "docker_tree": (spares.settle, in_docker),
        "local": (spares.settle, in_local),
        "official": (spares.settle, official.run_without_wait),
    }
    took: Seconds = {path: [] for path in [*paths, *BARE, "official_as_it_is"]}
    with running(client, name) as bare, tree() as made:
        for _, work in paths.values():
            work()  # what is done once only
        for _ in range(runs):
            took["bare_in_image"].append(bare())
            took["bare_here"].append(timed(lambda: here(made)))
            for path, (before, work) in paths.items():
                before()
                took[path].append(timed(work))
        for _ in range(stops):
            took["official_as_it_is"].append(timed(official.run))
    docker.cancel()
    docker.reap()
    return took


@contextmanager
def running(client: "DockerClient", name: str) -> Iterator[Callable[[], float]]:
    """Gives the seconds of the test command in a running container, timed inside it."""
    container = client.containers.run(
        name, ["sleep", "infinity"], environment=VARIABLES, init=True, detach=True
    )
    try:
        with tree() as made, io.BytesIO() as packed:
            with tarfile.open(fileobj=packed, mode="w") as tar:
                tar.add(made, "testbed")
            container.put_archive("/", packed.getvalue())
        yield lambda: float(container.exec_run(["python", "-c", TIMED]).output)
    finally:
        container.remove(force=True)


def here(folder: Path) -> None:
    """Run the test command as it is, in a folder of this machine."""
    variables = {"PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}", **VARIABLES}
    subprocess.run(["bash", "-c", TEST], cwd=folder, env=variables, capture_output=True, check=True)


def main() -> None:
    """Measure all, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--stops", type=int, default=2, help="runs with the harness's real stop")
    claims.option(parser)
    asked = parser.parse_args()
    silence = engine_answers()
    if silence is not None or not shutil.which("docker"):
        skip(silence or "the official harness needs the docker command, which isn't here")
    with (
        tempfile.TemporaryDirectory() as name,
        chdir(name),
        connect() as client,
        image(client) as made,
    ):
        took = measure(client, made, Path(name), asked.runs, asked.stops)
    found = report(took)
    print(json.dumps(found, indent=1))
    if asked.json:
        claims.tell(claimed(beyond(took)))


if __name__ == "__main__":
    main()
