"""A service over a small database, its API as a client has it, and a worker with scripted steps."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from stillwater import runs
from stillwater.config import load, stored
from stillwater.machine import State
from stillwater.service.app import Service, application
from stillwater.service.hub import Hub
from stillwater.service.readers import Readers
from stillwater.service.submit import Desk
from stillwater.service.worker import Worker
from stillwater.snapshot import Artifact, Outcome, Snapshot
from stillwater.steps import Step, Tools
from stillwater.store import Store
from tests.patience import DEADLINE
from tests.test_scheduler import GOOD

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PATCH = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
TEXTS = {
    State.READ: {"log": b"baseline"},
    State.GENERATE: {
        "prompt": b'[{"content":"repair it","role":"user"}]',
        "completion": HOSTILE.encode(),
        "edits": b"[]",
    },
    State.APPLY: {"patch": PATCH.encode()},
    State.TEST: {"log": b"all passed"},
    State.REFINE: {"feedback": b"told"},
}


def well(snapshot: Snapshot) -> Outcome:
    """The step's best end, with the artifacts that it has."""
    named = {name: Artifact(name, text) for name, text in TEXTS[snapshot.state].items()}
    return Outcome(GOOD[snapshot.state], {"seconds": 1.0}, named)


@dataclass
class World:
    """A database, its worker and its service; `begin` starts the worker with these steps."""

    folder: Path
    token: str | None = None
    repositories: tuple[Path, ...] = ()
    most_uploaded: int = 1 << 20
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        place = runs.Place(self.folder / "s.db")
        self.store = Store.open(place.db)
        hub = Hub()
        worker = Worker(place, self.store, hub)
        self.service = Service(
            place,
            worker,
            Desk(worker, None, self.repositories),
            Readers(place.db),
            hub,
            self.token,
            self.most_uploaded,
        )
        self.client = TestClient(
            application(self.service),
            base_url="http://127.0.0.1",
            raise_server_exceptions=False,
            follow_redirects=False,
        )

    @property
    def worker(self) -> Worker:
        return self.service.worker

    def add(
        self,
        run_id: str,
        count: int = 2,
        *,
        readable: bool = True,
        model: str = "m",
        **settings: object,
    ) -> str:
        """A run of that many machines; where it isn't `readable`, its instances lack a field."""
        config = load({"sandbox": "local", "defer_seconds": 0.001, **settings})
        self.store.create_run(
            run_id=run_id,
            dataset="d",
            dataset_sha256=("0" if readable else "1") * 64,
            config=stored(config),
            version="t",
            rows=[
                {
                    "instance_id": f"i-{n}",
                    "repo": "a/b",
                    **({"base_commit": "0"} if readable else {}),
                    "problem_statement": "p",
                    "FAIL_TO_PASS": '["t"]',
                }
                for n in range(count)
            ],
            arms={"default": model},
        )
        return run_id

    def begin(self, step: Callable[[Snapshot], Outcome] = well) -> None:
        """Start the worker; its steps come to what `step` says."""

        def adapted(snapshot: Snapshot, tools: Tools) -> Outcome:
            return step(snapshot)

        steps: dict[State, Step] = dict.fromkeys(GOOD, adapted)
        self.worker.steps = steps
        self.worker.start()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until that holds, looking whenever the worker tells of something."""
        told, hub = threading.Event(), self.worker.hub
        tell = hub.tell

        def telling() -> None:
            tell()
            told.set()

        hub.tell = telling  # type: ignore[method-assign]
        try:
            while not holds():
                assert told.wait(DEADLINE), "nothing more was told"
                told.clear()
        finally:
            hub.tell = tell  # type: ignore[method-assign]

    def finished(self, run_id: str) -> bool:
        """Whether that run has come to its end."""
        return self.store.run(run_id).finished_at is not None

    def close(self) -> None:
        """Stop the worker and close what is open."""
        if hasattr(self.worker, "_thread"):
            self.worker.stop()
            self.worker.stop()
            assert self.worker.join(DEADLINE)
        self.service.readers.close()
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A service without a run and with an idle worker."""
    made = World(tmp_path)
    yield made
    made.close()
