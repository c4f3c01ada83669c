"""Canaries: instances of a bug of our own whose repairs walk every edge of the graph.

The scheduler, the steps, git and the sandbox are the real ones. Scripted are what the model answers
and when the world fails, for those no one could wait for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stillwater.canonical import Json, canonical, digest
from stillwater.config import Config
from stillwater.errors import WorldError
from stillwater.git import FetchError, git
from stillwater.machine import ACTIVE, Event, State
from stillwater.models.protocol import Completion, Request
from stillwater.snapshot import Outcome, Snapshot
from stillwater.steps import STEPS, Step, Tools

MODEL = "canary"
ATTEMPTS = 4
ALWAYS = 1 << 30

CODE = "def double(x):\n    return x + 1\n\n\ndef triple(x):\n    return 3 * x\n"
RUNNER = """\
import glob
import runpy
import sys

sys.path.insert(0, ".")
broken = 0
for file in sorted(glob.glob("tests/check_*.py")):
    checks = {n: f for n, f in runpy.run_path(file).items() if n.startswith("test_")}
    for name, check in checks.items():
        try:
            check()
            print("PASSED", file + "::" + name)
        except AssertionError:
            broken = 1
            print("FAILED", file + "::" + name)
sys.exit(broken)
"""
"""Runs the tests as pytest would tell of them: an image need not have it."""
VISIBLE = "from code_ import triple\n\n\ndef test_triple():\n    assert triple(2) == 6\n"
FILES = {"code_.py": CODE, "tests/run.py": RUNNER, "tests/check_visible.py": VISIBLE}
HIDDEN = ("from code_ import double", "", "", "def test_double():", "    assert double(4) == 8")
TEST_PATCH = "".join(
    [
        "diff --git a/tests/check_hidden.py b/tests/check_hidden.py\nnew file mode 100644\n",
        f"--- /dev/null\n+++ b/tests/check_hidden.py\n@@ -0,0 +1,{len(HIDDEN)} @@\n",
        *(f"+{line}\n" for line in HIDDEN),
    ]
)
DOUBLE, TRIPLE = "tests/check_hidden.py::test_double", "tests/check_visible.py::test_triple"

_EDIT = (
    "FILE: {}\nLINES: 1-2\nREASONING: wrong sum\n```python\ndef double(x):\n    return {}\n```\n"
)
PROSE = "The sum looks wrong to me."
PROTECTED = _EDIT.format("tests/check_visible.py", "2 * x")
WRONG, RIGHT = _EDIT.format("code_.py", "x + 2"), _EDIT.format("code_.py", "2 * x")


class Outage(WorldError):
    """One canary's own: waiting for it runs out after once, whether others are served or not."""

    most_in_a_row = 1


@dataclass(frozen=True)
class Canary:
    """One instance: what the model answers at each attempt, the last again and again; how often the
    world fails in each state; and the events that must come of it."""

    name: str
    events: str
    answers: Sequence[str] = (PROSE,)
    world: Mapping[State, int] = field(default_factory=dict)
    failing: str = DOUBLE
    feedback: str = "tests"


def _given_up(state: State, answer: str, before: str) -> Canary:
    """The world fails in that state until waiting for it runs out."""
    events = f"{before} {Event.DEFER} {Event.ABORT}".strip()
    return Canary(f"abort-{state.lower()}", events, (answer,), {state: ALWAYS})


CANARIES = (
    Canary(
        "repaired",
        "defer read defer unusable defer retry proposed defer rejected retry "
        "proposed applied defer failed retry proposed applied passed",
        (PROSE, PROTECTED, WRONG, RIGHT),
        dict.fromkeys(ACTIVE, 1),
    ),
    Canary("invalid", "invalid", failing=TRIPLE),
    Canary("exhausted", "read unusable retry unusable retry unusable retry unusable exhausted"),
    _given_up(State.READ, PROSE, ""),
    _given_up(State.GENERATE, PROSE, "read"),
    _given_up(State.APPLY, RIGHT, "read proposed"),
    _given_up(State.TEST, RIGHT, "read proposed applied"),
    _given_up(State.REFINE, PROSE, "read unusable"),
    Canary("refuted", "read proposed applied refuted", (WRONG,), feedback="visible"),
)
NAMED = {one.name: one for one in CANARIES}


class Model:
    """Answers by the instance that it is asked of, attempt by attempt."""

    def complete(self, request: Request) -> Completion:
        """What the canary's script has for that attempt."""
        asked = str(request.messages[-1]["content"])
        answers = next(one for one in CANARIES if f"canary {one.name}:" in asked).answers
        text = answers[min(request.seed, len(answers) - 1)]
        tokens = sum(len(message["content"]) for message in request.messages) // 4
        return Completion(text, "stop", tokens, len(text) // 4, None, 0.0)


def steps() -> Mapping[State, Step]:
    """The real steps, each kept by the world as often as the canary says."""
    return {state: _kept(step) for state, step in STEPS.items()}


def _kept(step: Step) -> Step:
    def taken(snapshot: Snapshot, tools: Tools) -> Outcome:
        times = NAMED[snapshot.instance.instance_id].world.get(snapshot.state, 0)
        past = snapshot.past
        failed = sum(one.event is Event.DEFER and one.source is snapshot.state for one in past)
        if failed < times:
            raise Outage(f"the canary's world fails in {snapshot.state}")
        return step(snapshot, tools)

    return taken


def settings(sandbox: str, feedback: str, image: str) -> Config:
    """The configuration of the canaries' run; nothing of anyone's own is in it."""
    return Config.model_construct(
        models=(MODEL,),
        attempts=ATTEMPTS,
        feedback=feedback,
        retry="feedback",
        find_suspects=False,
        sandbox=sandbox,
        docker_image=image,
        max_defers=1,
        defer_seconds=0.001,
        test_timeout=60.0,
    )


def repository(folder: Path) -> str:
    """Make the repository with the bug in the folder; its commit.

    Raises:
        FetchError: git can't make it.
    """
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "s"), ("EMAIL", "s"), ("DATE", "2000-01-01T00:00:00Z"))
    }
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "canary")):
        done = git("-C", str(folder), *words, variables=identity)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise FetchError(f"the canary's repository can't be made: {said}")
    return git("-C", str(folder), "rev-parse", "HEAD").stdout.decode().strip()


def rows(source: Path, commit: str, feedback: str) -> list[dict[str, Json]]:
    """The instances with that way of feedback, as a dataset has them."""
    return [
        {
            "instance_id": one.name,
            "repo": "canary/canary",
            "repo_url": str(source),
            "base_commit": commit,
            "problem_statement": f"canary {one.name}: double(4) gives 5",
            "test_patch": TEST_PATCH,
            "FAIL_TO_PASS": [one.failing],
            "PASS_TO_PASS": [TRIPLE],
            "test_command": "PYTHONDONTWRITEBYTECODE=1 python tests/run.py",
        }
        for one in CANARIES
        if one.feedback == feedback
    ]


def sha256_of(dataset: Sequence[Mapping[str, Json]]) -> str:
    """The digest that the dataset is known by."""
    return digest(canonical(list(dataset)))
