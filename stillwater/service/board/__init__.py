"""The board: pages to watch runs, machines and attempts with.

`runs` are the pages of all runs and of one, and what a person does to them; `machines` those of
one machine and of two runs side by side; `login` lets a browser in. `rendering` is how a page is
made, `trouble` how it is told that there is none. What pages show is gathered by `reading`,
`slots`, `attempts` and `pairs`; `excerpts` are artifacts as HTML, with nothing of theirs in it.
"""

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from stillwater.service.board import login, machines, runs
from stillwater.service.board.rendering import STATIC, Pages
from stillwater.service.board.trouble import page as trouble

if TYPE_CHECKING:
    from stillwater.service.app import Service
    from stillwater.service.guard import Guard

__all__ = ["install", "trouble"]


def install(app: FastAPI, service: "Service", guard: "Guard") -> None:
    """Add the pages to the application."""
    pages = Pages(has_token=service.token is not None)
    for router in (
        runs.router(service, pages),
        machines.router(service, pages),
        login.router(service, guard, pages),
    ):
        app.include_router(router, include_in_schema=False)
    app.mount("/static", Kept(directory=STATIC), name="static")


class Kept(StaticFiles):
    """Files that a browser may keep for a year: their address changes with their content."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, with that said."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
