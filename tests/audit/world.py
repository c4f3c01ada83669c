"""A database made by the real scheduler and steps, over a scripted model and scripted tests."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import zstandard

from stillwater import __version__
from stillwater.audit.model import Report
from stillwater.audit.whole import audit
from stillwater.canonical import Json, canonical, digest
from stillwater.config import load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.heads import beside
from stillwater.keeper import Keeper
from stillwater.models.protocol import Completion, Request
from stillwater.repository import Repositories
from stillwater.sandbox.protocol import Execution, Job, Setup
from stillwater.scheduler import Scheduler
from stillwater.slots import limits
from stillwater.steps import STEPS, Tools
from stillwater.store import Store

CODE = "def f(x):\n    return x\n\n\ndef g(x):\n    return x\n"
WRONG, RIGHT, BREAKING = "return x - 1", "return x + 1", "return x - 2"
ANSWER = "FILE: code_.py\nLINES: 1-2\nREASONING: r\n```python\ndef f(x):\n    {}\n```"
DIFF = "--- a/code_.py\n+++ b/code_.py\n@@ -1,5 +1,5 @@\n" + "\n".join(
    [" def f(x):", "-    return x", "+    return x + 1", " ", " ", " def g(x):", ""]
)
TEST_EDIT = "FILE: tests/test_code.py\nREASONING: r\n```python\ndef test_f():\n    pass\n```"
F, G = "tests/test_code.py::test_f", "tests/test_code.py::test_g"
PLANT = "INSERT OR IGNORE INTO artifacts VALUES (?, 'log', 'text/plain', ?, ?)"
UNNAMED = (
    "DELETE FROM artifacts WHERE sha256 NOT IN "
    "(SELECT value FROM transitions, json_each(evidence, '$.artifacts'))"
)
ANSWERS = {
    "long": [ANSWER.format(WRONG), "I don't know.", TEST_EDIT, ANSWER.format(RIGHT)],
    "short": [ANSWER.format(RIGHT)],
    "never": [ANSWER.format(WRONG)],
    "breaks": [ANSWER.format(BREAKING)],
    "diff": [DIFF],
}
"""What the model answers for each instance, attempt by attempt; prose after that."""


class Model:
    """Answers by the instance's issue, attempt by attempt."""

    def __init__(self) -> None:
        self._left = {name: iter(answers) for name, answers in ANSWERS.items()}

    def complete(self, request: Request) -> Completion:
        asked = str(request.messages[-1]["content"])
        name = next(one for one in ANSWERS if f"issue {one}" in asked)
        answer = next(self._left[name], "I give up.")
        return Completion(answer, "stop", 100, 20, None, 0.5)


class Sandbox:
    """The tests as the tree's code has them; f's is hidden until test_patch is applied."""

    kind = "local"

    def walls(self) -> Mapping[str, str]:
        return {}

    def prepare(self, setup: Setup) -> str:
        return setup.key

    def fetch(self, image: str) -> None: ...

    def run(self, job: Job) -> Execution:
        assert job.tree is not None
        text = (job.tree / "code_.py").read_text()
        hidden = (job.tree / "tests" / "test_code.py").exists()
        statuses = {G: BREAKING not in text} | ({F: RIGHT in text} if hidden else {})
        lines = [f"{'PASSED' if passed else 'FAILED'} {test}" for test, passed in statuses.items()]
        code = 0 if all(statuses.values()) else 1
        return Execution(code, "\n".join([*lines, ""]).encode(), 0.25)

    def cancel(self) -> None: ...

    def reap(self) -> int:
        return 0


TEST_PATCH = """\
diff --git a/tests/test_code.py b/tests/test_code.py
new file mode 100644
--- /dev/null
+++ b/tests/test_code.py
@@ -0,0 +1 @@
+from code_ import f, g
"""


def row(name: str, folder: Path, commit: str) -> dict[str, Json]:
    """The dataset's row of an instance."""
    return {
        "instance_id": f"a__{name}", "repo": "a/a", "repo_url": str(folder),
        "base_commit": commit, "problem_statement": f"issue {name}: f is wrong in code_.py",
        "FAIL_TO_PASS": [F], "PASS_TO_PASS": [G], "test_patch": TEST_PATCH,
        "test_command": "pytest",
    }  # fmt: skip


def source(folder: Path) -> str:
    """A repository with the bug, at `folder`; its commit."""
    folder.mkdir()
    (folder / "code_.py").write_text(CODE)
    who = ("-c", "user.name=a", "-c", "user.email=a@a")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "bug")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True)
    return head.stdout.decode().strip()


def make(folder: Path) -> "World":
    """A run that is told its tests' failures, one that isn't, and one for each way to apply."""
    commit = source(folder / "source")
    world = World(folder / "s.db", folder / ".s")
    with Store.open(world.db) as store:
        for run, names, settings in (
            ("told", ("long", "never"), {"attempts": 4}),
            ("hidden", ("short", "never", "breaks"), {"attempts": 1, "feedback": "visible"}),
            ("strict", ("short",), {"attempts": 1, "applying": "strict"}),
            ("git", ("diff",), {"attempts": 1, "applying": "git", "ways": ("diff",)}),
        ):
            config = load({"models": ("m",), "model_slots": 1, "sandbox_slots": 1, **settings})
            store.create_run(
                run_id=run, dataset="d", dataset_sha256=digest(run.encode()),
                config=stored(config), version=__version__, arms={"default": "m"},
                rows=[row(name, folder / "source", commit) for name in names],
            )  # fmt: skip
            tools = Tools(Repositories(world.home, ""), Sandbox(), Model())
            scheduler = Scheduler(
                store=store, run_id=run, dataset_sha256=store.run(run).dataset_sha256,
                config=config, executor=ThreadExecutor(Workshop(STEPS, tools), limits(config)),
            )  # fmt: skip
            with Keeper(world.db, seconds=1000):
                assert scheduler.run()
    return world


@dataclass(frozen=True)
class World:
    """A database, its folder, and what an attacker can do to it."""

    db: Path
    home: Path

    @property
    def heads(self) -> Path:
        return beside(self.db)

    def copy(self, folder: Path) -> "World":
        """The same database elsewhere, with the same folder."""
        copied = World(folder / self.db.name, self.home)
        shutil.copy(self.db, copied.db)
        shutil.copy(self.heads, copied.heads)
        return copied

    def audit(self, **more: Any) -> Report:
        return audit(self.db, **{"home": self.home, **more})

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with sqlite.connect(self.db) as raw:
            found: list[tuple[Any, ...]] = raw.execute(statement, values).fetchall()
        raw.close()
        return found

    def id(self, run: str, name: str, event: str, attempt: int = 1) -> int:
        """The transition of that event, of an instance's machine."""
        found = self.ask(
            "SELECT t.id FROM transitions AS t JOIN machines AS m ON m.id = t.machine_id "
            "WHERE m.run_id = ? AND m.instance_id = ? AND t.event = ? AND t.attempt = ?",
            run, f"a__{name}", event, attempt,
        )  # fmt: skip
        return int(found[0][0])

    def machine(self, run: str, name: str) -> int:
        """The machine of an instance."""
        find = "SELECT id FROM machines WHERE run_id = ? AND instance_id = ?"
        return int(self.ask(find, run, f"a__{name}")[0][0])

    def evidence(self, number: int) -> dict[str, Any]:
        """What a transition tells."""
        (found,) = self.ask("SELECT evidence FROM transitions WHERE id = ?", number)
        told: dict[str, Any] = json.loads(found[0])
        return told

    def tamper(
        self, *statements: str | tuple[str, tuple[object, ...]], rechain: bool = False
    ) -> None:
        """As one who can write to the file: past triggers and checks, the chain made anew."""
        raw = sqlite.connect(self.db, isolation_level=None)
        raw.execute("PRAGMA ignore_check_constraints = ON")
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            raw.execute(f"DROP TRIGGER {name}")
        for one in statements:
            raw.execute(one) if isinstance(one, str) else raw.execute(*one)
        if rechain:
            _rechain(raw)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.close()

    def forge(
        self,
        number: int,
        told: Mapping[str, Json],
        *more: str,
        name: str = "",
        content: bytes | None = None,
    ) -> None:
        """Change what a transition tells, and its artifact `name`, and make the chain anew.

        Artifacts that nothing names any more are taken away.
        """
        evidence = self.evidence(number)
        statements: list[str | tuple[str, tuple[object, ...]]] = [*more]
        if content is not None:
            evidence["artifacts"][name] = digest(content)
            packed = zstandard.ZstdCompressor().compress(content)
            statements.append((PLANT, (digest(content), len(content), packed)))
        text = canonical(evidence | dict(told)).decode()
        statements.append(("UPDATE transitions SET evidence = ? WHERE id = ?", (text, number)))
        self.tamper(*statements, UNNAMED, rechain=True)


def _rechain(raw: sqlite.Connection) -> None:
    raw.row_factory = sqlite.Row
    head = "0" * 64
    rows = raw.execute(
        "SELECT t.*, m.run_id, m.instance_id, m.arm FROM transitions AS t "
        "JOIN machines AS m ON m.id = t.machine_id ORDER BY t.id"
    ).fetchall()
    for one in rows:
        named = set(one.keys()) - {"id", "sha256", "evidence"}
        fields = {name: one[name] for name in named} | {"prev_sha256": head, "evidence": "@"}
        evidence = one["evidence"].encode()
        record = canonical(fields).replace(b'"evidence":"@"', b'"evidence":' + evidence)
        sha256 = digest(record)
        raw.execute(
            "UPDATE transitions SET prev_sha256 = ?, sha256 = ? WHERE id = ?",
            (head, sha256, one["id"]),
        )
        head = sha256
