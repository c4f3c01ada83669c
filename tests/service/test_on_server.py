"""The service over a database that is on a PostgreSQL server."""

from collections.abc import Iterator

import pytest

from stillwater.machine import Event
from stillwater.where import Server
from tests.patience import DEADLINE
from tests.postgres import Postgres
from tests.service.asked import Asked, asked, fill
from tests.store.raw import raw
from tests.store.stories import fire_on
from tests.store.test_postgresql import END_ALL


@pytest.fixture
def served(postgres: Postgres) -> Iterator[Asked]:
    made = postgres.migrated()
    with asked(made) as answering:
        fill(answering.store)
        yield answering
    postgres.drop(made)


def test_pages_and_figures_are_those_of_the_record(served: Asked) -> None:
    for page in ("/", "/runs/run-1", "/machines/1", "/metrics", "/api/runs/run-1"):
        answer = served.client.get(page)
        assert answer.status_code == 200, answer.text
    assert "stillwater_transitions_total" in served.client.get("/metrics").text
    assert "stillwater_database_bytes" not in served.client.get("/metrics").text


def test_the_questions_are_the_server_s_to_answer(served: Asked) -> None:
    answer = served.client.get("/sql/stillwater")
    assert answer.status_code == 404
    assert "ask it with any client of PostgreSQL" in answer.json()["detail"]


def test_readers_come_back_and_the_writer_ends_when_the_server_was_gone(served: Asked) -> None:
    db = served.service.db
    assert isinstance(db, Server)
    assert served.client.get("/api/runs/run-1").status_code == 200
    with raw(db) as client:
        client.execute(END_ALL)
    codes = [served.client.get("/api/runs/run-1").status_code for _ in range(3)]
    assert codes[-1] == 200
    served.service.worker.start()
    assert served.service.worker.join(DEADLINE)
    assert served.service.worker.taken_over


def test_what_is_committed_is_in_the_stream_of_events(served: Asked) -> None:
    before = served.client.get("/api/runs/run-2").json()
    fire_on(served.store, 4, Event.READ)
    served.service.worker.hub.tell()
    assert served.client.get("/api/runs/run-2").json() != before
