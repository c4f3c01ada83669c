"""A verified machine in a real database, and the command line that certifies and verifies it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from stillwater.canonical import Json, canonical, digest
from stillwater.certificates.statement import passed, sealed, subject
from stillwater.cli.main import app
from stillwater.config import load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.models.protocol import Completion, Request
from stillwater.repository import Repositories
from stillwater.sandbox import LocalSandbox
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.steps import STEPS, Tools
from stillwater.store import Store
from stillwater.versions import versions

CODE = "def double(x):\n    return x + 1\n\n\ndef triple(x):\n    return 3 * x\n"
TESTS = "from code_ import triple\n\n\ndef test_triple():\n    assert triple(2) == 6\n"
HIDDEN = "from code_ import double\n\n\ndef test_double():\n    assert double(4) == 8\n"
ANSWER = (
    "FILE: code_.py\nLINES: 1-2\nREASONING: wrong sum\n```python\ndef double(x):\n    {}\n```\n"
)
DOUBLE, TRIPLE = "tests/test_hidden.py::test_double", "tests/test_code.py::test_triple"
NAME = "s__s-1"
SERVED: dict[str, Json] = {"digest": f"sha256:{'5' * 64}", "reason": None, "facts": {"size": 9}}
SECRET = "hush-hush"


class Model:
    """Is wrong first, then right."""

    def __init__(self) -> None:
        self._left = iter(("return x + 2", "return 2 * x"))

    def complete(self, request: Request) -> Completion:
        return Completion(ANSWER.format(next(self._left)), "stop", 100, 20, None, 0.5)


@dataclass(frozen=True)
class World:
    """A repository with a bug, and the database of the run that repaired it."""

    repo: Path
    db: Path
    row: Mapping[str, Json]


def make(folder: Path) -> World:
    """Repair the bug for good: real git, real tests behind real walls."""
    source = folder / "source"
    (source / "tests").mkdir(parents=True)
    (source / "code_.py").write_text(CODE)
    (source / "tests" / "test_code.py").write_text(TESTS)
    git(source, "init", "-q")
    commit = committed(source)
    (source / "tests" / "test_hidden.py").write_text(HIDDEN)
    git(source, "add", "-A")
    row: dict[str, Json] = {
        "instance_id": NAME, "repo": "s/s", "repo_url": str(source), "base_commit": commit,
        "problem_statement": "double(4) gives 5", "test_patch": git(source, "diff", "--cached"),
        "FAIL_TO_PASS": [DOUBLE], "PASS_TO_PASS": [TRIPLE], "patch": "the dataset's own fix",
        "test_command": "PYTHONPATH=$PWD PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python -m pytest -rA",
    }  # fmt: skip
    settings = {
        "models": ("m",), "attempts": 3, "retry": "feedback", "find_suspects": False,
        "api_base": f"http://user:{SECRET}@127.0.0.1:9", "certificate_key": f"/{SECRET}/key",
    }  # fmt: skip
    config = load(settings)
    db, home = folder / "s.db", folder / "home"
    with Store.open(db) as store:
        store.create_run(
            run_id="run-1", dataset="some", dataset_sha256=digest(b"some"), version="0.1.0",
            config={**stored(config), "served": {"m": SERVED}, "versions": versions()},
            rows=[row], arms={"default": "m"},
        )  # fmt: skip
        tools = Tools(Repositories(home, ""), LocalSandbox(home), Model())
        scheduler = Scheduler(
            store=store, run_id="run-1", dataset_sha256=digest(b"some"), config=config,
            executor=ThreadExecutor(Workshop(STEPS, tools), limits(config)),
        )  # fmt: skip
        assert scheduler.run()
    return World(source, db, row)


def git(folder: Path, *words: str) -> str:
    """What git prints, as someone."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def committed(folder: Path) -> str:
    """The commit of all that is in the folder now."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD").strip()


def call(*words: str | Path) -> Result:
    """The command line, called as a person does."""
    return CliRunner().invoke(app, [str(word) for word in words])


def out(*words: str | Path) -> str:
    """What a call that must succeed prints."""
    result = call(*words)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def forged(statement: Mapping[str, Any], patch: str | None = None, **facts: Any) -> bytes:
    """An unsigned certificate as anyone can write one: every digest fits what is changed."""
    made = json.loads(json.dumps(statement))
    made["predicate"]["stillwater"] |= facts
    if patch is not None:
        made["predicate"]["stillwater"]["patch"] = patch
    told = made["predicate"]["stillwater"]
    made["subject"] = [subject(told["instance"]["instance_id"], told["patch"])]
    made["predicate"]["passedTests"] = passed(told["tests"]["after"])
    return canonical(sealed(made)) + b"\n"
