"""Whole repairs: real git, real sandbox, real store, and a model that answers as scripted."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stillwater.config import load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.models.client import LitellmClient
from stillwater.repository import Repositories
from stillwater.sandbox import LocalSandbox
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.snapshot import Past
from stillwater.steps import STEPS, Tools
from stillwater.store import Store
from tests.holds import holds
from tests.models.server import Script, openai_server

pytestmark = pytest.mark.filterwarnings("ignore")

CODE = "def double(x):\n    return x + 1\n\n\ndef triple(x):\n    return 3 * x\n"
TESTS = "from code_ import triple\n\n\ndef test_triple():\n    assert triple(2) == 6\n"
HIDDEN = "from code_ import double\n\n\ndef test_double():\n    assert double(4) == 8\n"
SHA = "0" * 64


def answer(code: str, path: str = "code_.py") -> str:
    return f"FILE: {path}\nLINES: 1-2\nREASONING: wrong sum\n```python\n{code}\n```\n"


RIGHT = answer("def double(x):\n    return 2 * x")
WRONG = answer("def double(x):\n    return x + 2")
BREAKS = answer("def triple(x):\n    return 4 * x")


@dataclass
class World:
    """A repository with a bug, and a model's server with its script."""

    folder: Path
    base: str
    script: Script
    row: dict[str, Any] = field(default_factory=dict)

    def repair(self, *answers: str, **settings: Any) -> tuple[Past, ...]:
        """The history of the one machine after a whole run."""
        self.script.texts = list(answers)
        told = {"models": ("openai/local",), "attempts": len(answers) or 1, "retry": "feedback"}
        config = load(told | settings)
        sandbox = LocalSandbox(self.folder / "home")
        with Store.open(self.folder / "s.db") as store:
            store.create_run(
                run_id="r", dataset="d", dataset_sha256=SHA, config=stored(config), version="t",
                rows=[self.row], arms={"default": "openai/local"},
            )  # fmt: skip
            repositories = Repositories(self.folder / "home", "")
            workshop = Workshop(STEPS, Tools(repositories, sandbox, LitellmClient(self.base)))
            scheduler = Scheduler(
                store=store, run_id="r", dataset_sha256=SHA, config=config,
                executor=ThreadExecutor(workshop, limits(config)),
            )  # fmt: skip
            assert scheduler.run()
            assert holds(store.path)
            return store.history(store.machines("r")[0].id)

    def prompts(self) -> list[str]:
        return [asked["messages"][1]["content"] for asked in self.script.asked]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    source = tmp_path / "source"
    (source / "tests").mkdir(parents=True)
    (source / "code_.py").write_text(CODE)
    (source / "tests" / "test_code.py").write_text(TESTS)

    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=source, check=True, capture_output=True, text=True
        )
        return done.stdout

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "base")
    commit = git("rev-parse", "HEAD").strip()
    (source / "tests" / "test_hidden.py").write_text(HIDDEN)
    git("add", "-A")
    row = {
        "instance_id": "s__s-1", "repo": "s/s", "repo_url": str(source), "base_commit": commit,
        "problem_statement": "double(4) gives 5", "test_patch": git("diff", "--cached"),
        "FAIL_TO_PASS": ["tests/test_hidden.py::test_double"],
        "PASS_TO_PASS": ["tests/test_code.py::test_triple"],
        "test_command": "PYTHONPATH=$PWD PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python -m pytest -rA",
    }  # fmt: skip
    script = Script(prompt_tokens=1000)
    with openai_server(script) as base:
        yield World(tmp_path, base, script, row)


def events(history: tuple[Past, ...]) -> list[str]:
    return [past.event.value for past in history]


def test_what_an_answer_says_to_stay_stays_from_reading_to_applying(world: World) -> None:
    double = "def double(x):\n    return 2 * x"
    history = world.repair(answer(f"{double}\n\n\n# ... other functions ..."))
    assert events(history) == ["read", "proposed", "applied", "passed"]
    assert "'how': 'definition'" in str(history[2].evidence["placed"])


def test_a_failure_goes_back_to_the_model_and_the_second_answer_repairs(world: World) -> None:
    history = world.repair(WRONG, RIGHT)
    first = ["read", "proposed", "applied", "failed", "retry"]
    assert events(history) == [*first, "proposed", "applied", "passed"]
    one, two = world.prompts()
    assert "test_double" in one
    assert "assert 5 == 8" in one
    assert "assert 6 == 8" in two
    assert "+    return x + 2" in two
    assert two.startswith(one[: one.index("## Answer")])
    verdict = history[-1].evidence
    assert verdict["fail_to_pass"] == {
        "passed": ["tests/test_hidden.py::test_double"], "failed": []
    }  # fmt: skip


def test_trouble_that_the_baseline_printed_too_is_no_failure_of_the_world(world: World) -> None:
    pytest.importorskip("swebench")
    world.row["log_parser"] = "pytest_options"
    world.row["test_command"] = "echo 'Could not resolve host: x'; " + world.row["test_command"]
    history = world.repair(answer("def double(x):\n    import os\n\n    os._exit(3)"), RIGHT)
    first = ["read", "proposed", "applied", "failed", "retry"]
    assert events(history) == [*first, "proposed", "applied", "passed"]


def test_a_broken_test_that_passed_before_is_no_repair(world: World) -> None:
    history = world.repair(RIGHT + BREAKS)
    assert events(history)[-2:] == ["failed", "exhausted"]
    assert history[-2].evidence["pass_to_pass"] == {
        "passed_count": 0, "failed": ["tests/test_code.py::test_triple"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "event", "said"),
    [
        ("I think the code is fine.", "unusable", ""),
        ("", "unusable", ""),
        (answer("def test_triple():\n    pass", "tests/test_code.py"), "rejected", "must not"),
        (answer("x = 1", "nowhere.py"), "rejected", "nowhere.py"),
        (answer("def double(x):\n    return ("), "rejected", ""),
        (answer("def double(x):\n    return x + 1"), "rejected", "change nothing"),
        (answer("x = 1", "../evil.py"), "rejected", ""),
    ],
)
def test_what_is_no_usable_edit_costs_an_attempt_and_says_why(
    world: World, text: str, event: str, said: str
) -> None:
    history = world.repair(text)
    assert event in events(history)
    assert events(history)[-1] == "exhausted"
    problem = next(past.evidence["problem"] for past in history if past.event.value == event)
    assert said in str(problem)
    assert not (world.folder / "evil.py").exists()


def test_the_same_patch_again_is_recognised(world: World) -> None:
    history = world.repair(WRONG, WRONG.replace("wrong sum", "other words"))
    rejected = [past for past in history if past.event.value == "rejected"]
    assert [past.evidence["repeats"] for past in rejected] == [1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"FAIL_TO_PASS": ["tests/test_code.py::test_triple"]}, "already passes"),
        ({"test_command": "true"}, "can't run"),
        ({"test_patch": "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"}, "apply"),
        ({"setup_command": "echo no luck; exit 3"}, ""),
        ({"base_commit": "1" * 40}, "no commit"),
    ],
)
def test_a_broken_instance_is_invalid_and_asks_no_model(
    world: World, changes: dict[str, Any], said: str
) -> None:
    world.row |= changes
    (history,) = world.repair(RIGHT)
    assert history.event.value == "invalid"
    assert said in str(history.evidence["reason"])
    assert world.script.asked == []


def test_visible_feedback_shows_no_hidden_test_and_judges_at_the_end(world: World) -> None:
    history = world.repair(RIGHT, feedback="visible")
    assert events(history)[-1] == "passed"
    (prompt,) = world.prompts()
    assert "test_double" not in prompt
    assert "test_hidden" not in prompt
    assert "assert 5 == 8" not in prompt


def test_visible_feedback_refutes_what_only_looks_right(world: World) -> None:
    history = world.repair(WRONG, RIGHT, feedback="visible")
    assert events(history)[-1] == "refuted"
    assert len(world.script.asked) == 1


def test_visible_feedback_sends_back_what_broke(world: World) -> None:
    history = world.repair(BREAKS, RIGHT, feedback="visible")
    assert events(history)[-1] == "passed"
    second = world.prompts()[1]
    assert "test_triple" in second
    assert "test_double" not in second


def test_prompts_and_answers_are_kept_as_they_were(world: World) -> None:
    history = world.repair(RIGHT)
    proposed = history[1]
    with Store.open(world.folder / "s.db", read_only=True) as store:
        prompt = json.loads(store.artifact(proposed.artifacts["prompt"]))
        completion = store.artifact(proposed.artifacts["completion"]).decode()
    assert prompt == world.script.asked[0]["messages"]
    assert completion == RIGHT
