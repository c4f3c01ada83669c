"""The web application: everything that the service serves, put together."""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import ASGIApp

from stillwater import __version__
from stillwater.runs import Place
from stillwater.service import api, board, events, metrics, problems, sql
from stillwater.service.guard import Guard
from stillwater.service.hub import Hub
from stillwater.service.memory import Memory
from stillwater.service.readers import Readers
from stillwater.service.submit import Desk
from stillwater.service.worker import Worker
from stillwater.where import Database

MOST_UPLOADED = 64 << 20
"""Bytes of the largest request; a dataset of SWE-bench's 300 rows is 4 MiB."""


@dataclass(frozen=True)
class Service:
    """What the routes work with."""

    place: Place
    worker: Worker
    desk: Desk
    readers: Readers
    hub: Hub
    token: str | None = None
    most_uploaded: int = MOST_UPLOADED

    @property
    def db(self) -> Database:
        """The database."""
        return self.place.db


def application(service: Service) -> ASGIApp:
    """The application, behind its guard."""
    app = FastAPI(
        title="Stillwater",
        version=__version__,
        summary="Small local models repair real bugs: runs, machines, transitions, evidence.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        max_body_size=service.most_uploaded,
    )
    problems.install(app, board.trouble)
    remembering = Memory(app, service.hub)
    guard = Guard(remembering, service.token, service.most_uploaded, board.trouble)
    app.include_router(api.router(service), prefix="/api")
    app.include_router(events.router(service), prefix="/api")
    app.include_router(metrics.router(service))
    sql.mount(app, service)
    board.install(app, service, guard)
    return guard
