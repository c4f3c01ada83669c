"""Runs of two arms over real git and real tests, and the command line that tries rungs of them."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwater import __version__
from stillwater.canonical import Json, canonical, digest
from stillwater.config import frozen, frozen_arms, load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.models.protocol import Completion, Request
from stillwater.rungs.model import Asked
from stillwater.runs import Place
from stillwater.sandbox import LocalSandbox
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.steps import STEPS, Tools
from stillwater.store import Store
from tests.certificates.world import ANSWER, CODE, DOUBLE, HIDDEN, TESTS, TRIPLE, call, git
from tests.certificates.world import committed as commit_all

ORDERED = (
    "from code_ import double\n\nDONE = []\n\n\n"
    "def test_double():\n    assert double(4) == 8\n    DONE.append(1)\n\n\n"
    "def test_after():\n    assert DONE\n"
)
"""Its second test passes only after its first: the verdict hangs on the order."""
AFTER = "tests/test_hidden.py::test_after"
ARMS = {"patch": "openai/weak", "direct": "openai/strong"}
STEADY, FLAKY, ALONE = "steady", "flaky", "alone"


class Model:
    """The strong one is right, the weak one wrong."""

    def complete(self, request: Request) -> Completion:
        code = "return 2 * x" if request.model == ARMS["direct"] else "return x + 2"
        return Completion(ANSWER.format(code), "stop", 100, 20, None, 0.5)


@dataclass(frozen=True)
class World:
    """The repository with the bug, and the database of its runs."""

    folder: Path

    @property
    def db(self) -> Path:
        return self.folder / "s.db"

    @property
    def source(self) -> Path:
        return self.folder / "source"

    def copied(self, folder: Path) -> "World":
        """The same database and its folder elsewhere; the repository stays where it is."""
        for name in (self.db.name, f".{self.db.stem}"):
            source = self.folder / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        return World(folder)

    def rung(self, number: int, *words: str, run: str = STEADY) -> dict[str, Any]:
        """What the rung found, by its JSON, and the exit code as `exit_code`."""
        result = call("verify", run, "--rung", str(number), "--db", self.db, "--json", *words)
        assert result.exit_code in {0, 1}, result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told | {"exit_code": result.exit_code}

    def refused(self, *words: str) -> str:
        """The sentence with which bad input is refused."""
        result = call("verify", *words, "--db", self.db)
        assert result.exception is not None
        return str(result.exception)


def make(folder: Path) -> World:
    """Make the three runs: a steady bug and a flaky one in two arms, and one arm alone."""
    made = World(folder)
    (made.source / "tests").mkdir(parents=True)
    (made.source / "code_.py").write_text(CODE)
    (made.source / "tests" / "test_code.py").write_text(TESTS)
    git(made.source, "init", "-q")
    commit = commit_all(made.source)
    steady = _row(made, commit, HIDDEN, [DOUBLE])
    flaky = _row(made, commit, ORDERED, [DOUBLE, AFTER])
    _run(made, STEADY, [steady], ("patch", "direct"))
    _run(made, FLAKY, [flaky], ("patch", "direct"))
    _run(made, ALONE, [steady], ("direct",))
    return made


def _row(made: World, commit: str, hidden: str, failing: Sequence[str]) -> dict[str, Json]:
    (made.source / "tests" / "test_hidden.py").write_text(hidden)
    git(made.source, "add", "-A")
    patch = git(made.source, "diff", "--cached")
    git(made.source, "reset", "-q", "--hard", commit)
    return {
        "instance_id": "s__s-1", "repo": "s/s", "repo_url": str(made.source),
        "base_commit": commit, "problem_statement": "double(4) gives 5", "test_patch": patch,
        "FAIL_TO_PASS": list(failing), "PASS_TO_PASS": [TRIPLE],
        "test_command": "PYTHONPATH=$PWD PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python -m pytest -rA",
    }  # fmt: skip


def _run(made: World, run_id: str, rows: Sequence[dict[str, Json]], arms: Sequence[str]) -> None:
    place = Place(made.db)
    told = {
        "models": (ARMS["direct"],), "attempts": 1, "find_suspects": False, "sandbox": "local",
        "api_base": "http://127.0.0.1:9/v1", "sandbox_slots": 1,
    }  # fmt: skip
    own: dict[str, Json] = {name: {"models": [ARMS[name]]} for name in arms}
    config: dict[str, Json] = stored(load(told)) | ({"arms": own} if len(arms) > 1 else {})
    sha256 = digest(canonical(list(rows)))
    with Store.open(made.db) as store:
        store.create_run(
            run_id=run_id, dataset="some", dataset_sha256=sha256, config=config,
            version=__version__, rows=rows, arms={name: ARMS[name] for name in arms},
        )  # fmt: skip
        shared = frozen(config)
        tools = Tools(place.repositories(shared), LocalSandbox(place.folder), Model())
        scheduler = Scheduler(
            store=store, run_id=run_id, dataset_sha256=sha256, config=shared,
            executor=ThreadExecutor(Workshop(STEPS, tools), limits(shared)),
            arms=frozen_arms(config),
        )  # fmt: skip
        assert scheduler.run()


def planned(store: Store, *names: str) -> Asked:
    """A run of both arms over these instances that has not begun, as a rung is asked of it."""
    store.create_run(
        run_id="r", dataset="d", dataset_sha256="0" * 64, config={}, version="1",
        rows=[{"instance_id": name} for name in names], arms={"patch": "m", "direct": "m"},
    )  # fmt: skip
    return Asked(Place(store.path), store, store.run("r"), lambda text: None)
