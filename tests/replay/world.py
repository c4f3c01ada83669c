"""Runs over a scripted model and scripted tests, and their replays by the real steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwater import __version__, replay
from stillwater.canonical import digest
from stillwater.config import frozen, load, stored
from stillwater.executors import ThreadExecutor, Workshop
from stillwater.models.protocol import Completion, Request
from stillwater.replay import Record, Report
from stillwater.repository import Repositories
from stillwater.runs import Place
from stillwater.sandbox.protocol import Execution, Job
from stillwater.scheduler import Listener, Scheduler
from stillwater.slots import limits
from stillwater.steps import STEPS, Tools
from stillwater.store import Store
from tests.audit import world as audit
from tests.audit.world import ANSWER, BREAKING, RIGHT, WRONG
from tests.holds import holds

LONG = (ANSWER.format(WRONG), "I don't know.", ANSWER.format(BREAKING), ANSWER.format(RIGHT))
"""Answers that lead through every kind of attempt to the repair."""


class Model:
    """Answers in turn, whoever asks; what is an error is raised."""

    def __init__(self, answers: Sequence[str | Exception]) -> None:
        self._answers = iter(answers)

    def complete(self, request: Request) -> Completion:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer, "stop", 100, 20, None, 0.5)


class Sandbox(audit.Sandbox):
    """The same tests; `change` is what became of the machine that they run on."""

    def __init__(self, change: Callable[[Execution], Execution] = lambda one: one) -> None:
        self.change = change

    def run(self, job: Job) -> Execution:
        return self.change(super().run(job))


class NoModel:
    """Nobody answers."""

    def complete(self, request: Request) -> Completion:
        raise AssertionError


@dataclass
class World:
    """A repository with a bug, a record to be made of its repair, and the record's replay."""

    folder: Path
    commit: str

    @property
    def db(self) -> Path:
        return self.folder / "s.db"

    @property
    def place(self) -> Place:
        return Place(self.db)

    def record(
        self,
        *answers: str | Exception,
        names: Sequence[str] = ("one",),
        arms: Sequence[str] = ("default",),
        listener: Callable[[Scheduler], Listener | None] = lambda scheduler: None,
        **settings: Any,
    ) -> None:
        """Make the run."""
        told = {"models": ("m",), "attempts": 4, "model_slots": 1, "sandbox_slots": 1}
        config = load(told | {"defer_seconds": 0.001} | settings)
        with Store.open(self.place.db) as store:
            store.create_run(
                run_id="r", dataset="d", dataset_sha256=digest(b"d"), config=stored(config),
                version=__version__, arms=dict.fromkeys(arms, "m"),
                rows=[audit.row(name, self.folder / "source", self.commit) for name in names],
            )  # fmt: skip
            tools = Tools(Repositories(self.place.folder, ""), Sandbox(), Model(answers))
            threads = ThreadExecutor(Workshop(STEPS, tools), limits(config))
            scheduler = Scheduler(store, "r", digest(b"d"), config, threads)
            scheduler.listener = listener(scheduler)
            scheduler.run()

    def replay(
        self, sandbox: Sandbox | None = None, instances: Sequence[str] = (), name: str = "again"
    ) -> Report:
        """Replay it into a database called `name`."""
        place = Place(self.folder / f"{name}.db", self.place.folder)
        with Store.open(self.place.db, read_only=True) as old, Store.open(place.db) as new:
            record = Record(old, old.run("r"), instances)
            replay.begin(new, record, replay.prepare(place, record, "local"))
            config = frozen(new.run("r").config)
            tools = Tools(place.repositories(config), sandbox or Sandbox(), NoModel())
            workshop = Workshop(replay.following(record), tools)
            threads = ThreadExecutor(workshop, limits(config))
            made = Scheduler(new, "r", digest(b"d"), config, threads)
            assert made.run()
            report = replay.compare(record, new)
        assert holds(place.db)
        return report
