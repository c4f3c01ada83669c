"""A small database made by the store itself, and the reading commands as a person calls them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from stillwater.canonical import Json
from stillwater.cli import (
    audit,
    combine,
    database,
    doctor,
    export,
    report,
    show,
    status,
    submission,
)
from stillwater.errors import InputError
from stillwater.machine import Event
from stillwater.seal import seal
from stillwater.snapshot import Artifact
from stillwater.store import Store

ESCAPES = "\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 [bold]not markup[/bold]"
PATCH = "--- a/ledger/money.py\n+++ b/ledger/money.py\n@@ -1 +1 @@\n-x = 1\r\n+x = 2\r\n"
USAGE = {"prompt_tokens": 1200, "completion_tokens": 80, "cached_tokens": 600}
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Bench:
    """Drives machines of a store through transitions, ten seconds each."""

    store: Store
    at: datetime = START
    seqs: dict[int, int] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)

    def go(
        self,
        machine_id: int,
        event: Event,
        evidence: Mapping[str, Json] | None = None,
        **artifacts: str,
    ) -> None:
        attempt = self.attempts.get(machine_id, 1)
        after = attempt + (event is Event.RETRY)
        self.store.commit(
            machine_id,
            expect_seq=self.seqs.get(machine_id, 0),
            event=event,
            sealed=seal(
                evidence or {}, {n: Artifact(n, text.encode()) for n, text in artifacts.items()}
            ),
            started_at=self.at,
            finished_at=self.at + timedelta(seconds=10),
            attempt=attempt,
            next_attempt=after,
        )
        self.at += timedelta(seconds=10)
        self.seqs[machine_id] = self.seqs.get(machine_id, 0) + 1
        self.attempts[machine_id] = after

    def read(self, machine_id: int) -> None:
        before: dict[str, Json] = {"tests": {"t::a": "FAILED", "t::b": "PASSED"}}
        files: list[Json] = [{"path": "ledger/money.py", "score": 1.0, "why": ["issue"]}]
        evidence: dict[str, Json] = {
            "files": files,
            "baseline": before,
            "sandbox": {"kind": "local", "walls": {}},
        }
        self.go(machine_id, Event.READ, evidence, log="baseline log", failing="t::a fails")

    def propose(self, machine_id: int, answer: str = "an answer") -> None:
        self.go(
            machine_id,
            Event.PROPOSED,
            {"model": "builtin/mutate", "usage": dict(USAGE), "seconds": 4.0},
            prompt='[{"content":"repair it","role":"user"}]',
            completion=answer,
            edits="[]",
        )

    def fail(self, machine_id: int, answer: str, patch: str) -> None:
        self.propose(machine_id, answer)
        placed: list[Json] = [{"path": "ledger/money.py", "how": "exact", "first": 1, "last": 1}]
        self.go(machine_id, Event.APPLIED, {"placed": placed}, patch=patch)
        tests: dict[str, Json] = {"t::a": "FAILED", "t::b": "PASSED"}
        self.go(machine_id, Event.FAILED, {"tests": tests, "exit_code": 1}, log=f"log {ESCAPES}")

    def verify(self, machine_id: int) -> None:
        self.propose(machine_id)
        self.go(machine_id, Event.APPLIED, {"placed": []}, patch=PATCH)
        self.go(machine_id, Event.PASSED, {"tests": {"t::a": "PASSED"}}, log="all passed")


def create(store: Store, run_id: str, names: tuple[str, ...], **config: Json) -> list[int]:
    """A run of those instances; the ids of its machines."""
    rows: list[Mapping[str, Json]] = [
        {"instance_id": name, "repo": name.replace("__", "/").rpartition("-")[0]} for name in names
    ]
    store.create_run(
        run_id=run_id,
        dataset="samples",
        dataset_sha256="a" * 64,
        config={"models": ["builtin/mutate"], "attempts": 2, "feedback": "tests", **config},
        version="0.1.0",
        rows=rows,
        arms={"default": "builtin/mutate"},
    )
    return [row.id for row in store.machines(run_id)]


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the caller's terminal is, and whichever database is theirs."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "STILLWATER_DB"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """One finished run: verified at the second attempt, exhausted after a defer, invalid."""
    path = tmp_path / "some.db"
    with Store.open(path) as store:
        names = ("ledger__ledger-101", "ledger__ledger-102", "waypost__way-7")
        first, second, third = create(
            store, "run-old", names, passed_over=["ollama_chat/llama3.1:8b: nothing answers"]
        )
        bench = Bench(store)
        bench.read(first)
        bench.fail(first, f"wrong {ESCAPES}", "--- a/x\n+++ b/x\n")
        bench.go(first, Event.RETRY, {"reason": "tests still fail"}, feedback=f"told {ESCAPES}")
        bench.verify(first)
        bench.read(second)
        bench.go(second, Event.DEFER, {"reason": "model down", "wait_seconds": 2.0})
        bench.fail(second, "wrong", "--- a/y\n+++ b/y\n")
        bench.go(second, Event.RETRY, {"reason": "tests still fail"}, feedback="told")
        bench.go(
            second,
            Event.UNUSABLE,
            {"model": "builtin/mutate", "usage": dict(USAGE), "problem": f"only prose {ESCAPES}"},
            prompt="[]",
            completion="prose",
        )
        bench.go(
            second, Event.EXHAUSTED, {"reason": "the answer held no usable edit"}, feedback="f"
        )
        bench.go(
            third, Event.INVALID, {"reason": "the tests can't run (exit code 4)"}, log="broken"
        )
        store.finish_run("run-old")
    return path


@pytest.fixture
def unfinished(db: Path) -> Path:
    """The same with a newer run that was left in the middle."""
    with Store.open(db) as store:
        first, _ = create(store, "run-new", ("ledger__ledger-101", "ledger__ledger-102"))
        bench = Bench(store)
        bench.read(first)
        bench.propose(first)
    return db


@pytest.fixture
def cli() -> "Cli":
    """The reading commands."""
    return Cli()


class Cli:
    """Calls a command line of the reading commands alone."""

    def __init__(self) -> None:
        self.app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
        exports = typer.Typer()
        self.app.command("status")(status.command)
        self.app.command("show")(show.command)
        self.app.command("report")(report.command)
        self.app.command("combine")(combine.command)
        self.app.command("doctor")(doctor.command)
        self.app.command("audit")(audit.command)
        databases = typer.Typer()
        for verb in (database.backup, database.check, database.vacuum):
            databases.command(verb.__name__)(verb)
        self.app.add_typer(databases, name="db")
        exports.command("predictions")(export.predictions)
        exports.command("patches")(export.patches)
        exports.command("submission")(submission.submission)
        self.app.add_typer(exports, name="export")

    def __call__(self, *words: str | Path) -> Result:
        return CliRunner().invoke(self.app, [str(word) for word in words])

    def out(self, *words: str | Path) -> str:
        """What a call that must succeed prints."""
        result = self(*words)
        if result.exception is not None:
            raise result.exception
        return result.stdout

    def refuses(self, *words: str | Path) -> str:
        """The sentence of a call that must be refused."""
        result = self(*words)
        assert isinstance(result.exception, InputError), result.output
        return str(result.exception)
