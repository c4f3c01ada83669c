"""What goes wrong, as problem documents (RFC 9457), and as pages where a browser asks.

An InputError is what the caller got wrong, StillwaterError what this machine can't do now.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from stillwater.errors import InputError, StillwaterError
from stillwater.service.worker import RunFinished
from stillwater.telling.text import printable

MEDIA_TYPE = "application/problem+json"

Page = Callable[[Request, int, str], Response | None]
"""Makes the page of a status and its sentence; None where no page was asked for."""


class Problem(BaseModel):
    """A problem document."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One sentence: what is wrong, where, what to do.")
    errors: list[dict[str, Any]] | None = Field(
        None, description="Of a request that isn't as described: what, and where in it."
    )


class Missing(HTTPException):
    """There is no such thing; 404."""

    def __init__(self, what: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, what)


class Conflict(HTTPException):
    """It can't be done to what is there as it is; 409."""

    def __init__(self, what: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, what)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These responses, for a route's OpenAPI description."""
    return {
        int(status): {
            "model": Problem,
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The response that tells it."""
    title = HTTPStatus(status).phrase
    told = Problem(title=title, status=status, detail=printable(detail), **more)
    content = told.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI, page: Page) -> None:
    """Let the application tell every error so, or as a page where `page` makes one of it."""

    def told(
        request: Request,
        status: int,
        detail: str,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Response:
        return page(request, status, detail) or problem(status, detail, headers, **more)

    @app.exception_handler(StarletteHTTPException)
    async def _http(request: Request, error: StarletteHTTPException) -> Response:
        return told(request, error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        listed = [
            {"where": list(one["loc"]), "what": one["msg"]}
            for one in jsonable_encoder(error.errors())
        ]
        first = listed[0]
        where = ".".join(map(str, first["where"]))
        return told(request, 422, f"{where}: {first['what']}", errors=listed)

    @app.exception_handler(InputError)
    async def _input(request: Request, error: InputError) -> Response:
        return told(request, 422, str(error))

    @app.exception_handler(RunFinished)
    async def _finished(request: Request, error: RunFinished) -> Response:
        return told(request, 409, str(error))

    @app.exception_handler(StillwaterError)
    async def _world(request: Request, error: StillwaterError) -> Response:
        return told(request, 503, str(error), {"Retry-After": "5"})

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> Response:
        structlog.get_logger().error("request failed", path=request.url.path, error=repr(error))
        return told(request, 500, "this is a defect of Stillwater; its log has more")
