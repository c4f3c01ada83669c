"""A service over a real database with a few short histories, asked as a client does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.testclient import TestClient

from stillwater import runs
from stillwater.machine import Event
from stillwater.service.app import Service, application
from stillwater.service.hub import Hub
from stillwater.service.readers import Readers
from stillwater.service.submit import Desk
from stillwater.service.worker import Worker
from stillwater.store import Store
from stillwater.where import Database
from tests.store.stories import exhaust, fire_on, new_run, repair_at_second_attempt


@dataclass(frozen=True)
class Asked:
    """The service, a client of it, and the store that its scheduler would write to."""

    client: TestClient
    service: Service
    store: Store


@contextmanager
def asked(db: Database, token: str | None = None) -> Iterator[Asked]:
    """A service whose worker doesn't work."""
    place = runs.Place(db)
    with Store.open(db) as store:
        worker = Worker(place, store, Hub())
        service = Service(place, worker, Desk(worker), Readers(db), worker.hub, token)
        client = TestClient(
            application(service),
            base_url="http://127.0.0.1",
            raise_server_exceptions=False,
            follow_redirects=False,
        )
        try:
            yield Asked(client, service, store)
        finally:
            service.readers.close()


def fill(store: Store) -> None:
    """Two runs: one machine verified at its second attempt, one exhausted, one just read."""
    new_run(store, "run-1")
    repair_at_second_attempt(store, 1)
    exhaust(store, 2)
    new_run(store, "run-2")
    fire_on(store, 3, Event.READ, {"files": [{"path": "a.py", "why": ["path named"]}]})
