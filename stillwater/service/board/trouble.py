"""What a browser is shown where there is no page, or none now."""

from functools import cache
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse

from stillwater.service.board.rendering import Pages

HEADINGS = {
    404: "There is no such page",
    403: "That isn't allowed",
    409: "That can't be done",
    413: "That is too much at once",
    421: "Not under this name",
    422: "That isn't understood",
    500: "Something is wrong here",
    503: "Not now",
}


def page(request: Request, status: int, detail: str) -> HTMLResponse | None:
    """The page that tells it; None where no page was asked for, so that the API's words do."""
    asked = "text/html" in request.headers.get("accept", "")
    if not asked or request.url.path.startswith("/api/"):
        return None
    heading = HEADINGS.get(status) or HTTPStatus(status).phrase
    return _pages().page("trouble", status, heading=heading, detail=detail)


@cache
def _pages() -> Pages:
    return Pages(has_token=False)
