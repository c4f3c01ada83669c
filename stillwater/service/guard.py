"""Who may come in, and what no page may do: in front of every route.

Without a token only this machine's own address is served, and only under its own names, so that no
foreign page reaches it by naming it otherwise (DNS rebinding). What changes something must come
from a page of ours or from no page at all (CSRF).
"""

import hmac
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwater.service.problems import Page, problem

COOKIE = "stillwater"
OPEN = frozenset({"/login", "/healthz"})
"""What is served before the token is known; files under /static/ are, too."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": STRICT,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """The application behind these rules; `token` None lets everyone of this machine in.

    `most_sent` is in bytes; `page` makes a page of a refusal where a browser asks for one.
    """

    def __init__(self, app: ASGIApp, token: str | None, most_sent: int, page: Page) -> None:
        self.app = app
        self._page = page
        self._token = token
        self._most_sent = most_sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is None:
            await self.app(scope, receive, _with_headers(send))
            return
        status, detail = refused
        if status == 401 and _is_a_browser(scope):
            response: Response = problem(303, detail, {"Location": "/login"})
        elif status == 401:
            response = problem(status, detail, {"WWW-Authenticate": "Bearer"})
        else:
            response = self._page(Request(scope), status, detail) or problem(status, detail)
        await response(scope, receive, _with_headers(send))

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._token is None and not is_loopback(_name(host)):
            return 421, "without a token only this machine's own names are served: use 127.0.0.1"
        if scope["method"] not in SAFE and not _is_ours(headers, host):
            return 403, "another site's page may not do this"
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._most_sent:
            return 413, f"more than {self._most_sent} bytes are not taken at once"
        path = scope["path"]
        if self._token is None or path in OPEN or path.startswith("/static/"):
            return None
        if not (self.knows(_bearer(headers)) or self._has_session(headers)):
            return 401, "give the service's token: Authorization: Bearer TOKEN"
        return None

    def knows(self, given: str) -> bool:
        """Whether that is the token, told in a time that doesn't say how much of it is right."""
        token = self._token
        return token is not None and hmac.compare_digest(given.encode(), token.encode())

    def session(self) -> str:
        """What a browser that gave the token is given to show in its place."""
        return hmac.new((self._token or "").encode(), b"stillwater session", "sha256").hexdigest()

    def _has_session(self, headers: Headers) -> bool:
        shown = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(shown.encode(), self.session().encode())


def is_loopback(host: str) -> bool:
    """Whether that name or address is this machine's own, reachable from nowhere else."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _name(host: str) -> str:
    """The host of a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or "" if host.isprintable() else ""
    except ValueError:
        return ""


def _is_ours(headers: Headers, host: str) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == host


def _bearer(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.casefold() == "bearer" else ""


def _is_a_browser(scope: Scope) -> bool:
    accepted = Headers(scope=scope).get("accept", "")
    return scope["method"] == "GET" and "text/html" in accepted
