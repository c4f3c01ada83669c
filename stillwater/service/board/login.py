"""Letting a browser in: it shows the token once, and a cookie from then on."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from stillwater.service.board.rendering import Pages
from stillwater.service.guard import COOKIE, Guard

if TYPE_CHECKING:
    from stillwater.service.app import Service

WRONG = "That is not the token: it is the value of STILLWATER_TOKEN where the service was started."


def router(service: "Service", guard: Guard, pages: Pages) -> APIRouter:
    """The routes of coming and going."""
    routes = APIRouter()

    @routes.get("/login")
    def asked() -> Response:
        if service.token is None:
            return RedirectResponse("/", 303)
        return _form(pages, 200, "")

    @routes.post("/login")
    def login(token: Annotated[str, Form(max_length=1000)] = "") -> Response:
        if service.token is None:
            return RedirectResponse("/", 303)
        if not guard.knows(token.strip()):
            return _form(pages, 401, WRONG)
        response = RedirectResponse("/", 303)
        response.set_cookie(COOKIE, guard.session(), httponly=True, samesite="strict", path="/")
        return response

    @routes.post("/logout")
    def logout() -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
        return response

    return routes


def _form(pages: Pages, status: int, problem: str) -> HTMLResponse:
    return pages.page("login", status, problem=problem)
