"""Which endpoint is asked next: the one that has the prompt's prefix, if it's free and well.

An endpoint that fails rests: it gets nothing until its rest is over and it answers again. Rests
double with every failure in a row. Where all rest, they get one request at a time in turn, so that
a run never waits in silence: what fails then is told as ever. One that serves other weights than
the run began with is asked nothing, until it serves them again.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import structlog

from stillwater.models.endpoints import Endpoint, EndpointError, OtherWeights

FIRST_REST, LONGEST_REST = 2.0, 60.0
"""Seconds."""
LOOK_SECONDS = 1.0
"""Between two looks at the list of endpoints, and at those that rest."""
CHECKS_AT_ONCE = 16
MOST_HOMES = 100_000
"""Prefixes whose endpoint is remembered; no cache holds so many."""

Listing = Callable[[], Sequence[Endpoint]]
Check = Callable[[str], str | None]
"""Whether the server at a URL could answer: None, or why not; raises OtherWeights if it mustn't."""


@dataclass
class Server:
    """An endpoint, how many requests it has under way, and whether it rests, since it failed."""

    endpoint: Endpoint
    busy: int = 0
    rests: bool = False
    failures: int = 0
    """In a row."""
    rests_until: float = 0.0
    barred: str | None = None
    """Why it mustn't be asked, if so."""
    unseen: bool = False
    """Whether it answers again, and has not been checked since."""


@dataclass
class Pool:
    """The endpoints of a run. Any thread may call it."""

    listing: Listing
    check: Check
    clock: Callable[[], float] = time.monotonic
    _servers: dict[str, Server] = field(default_factory=dict, init=False)
    _gone: dict[str, Server] = field(default_factory=dict, init=False)
    _homes: dict[str, str] = field(default_factory=dict, init=False)
    _problem: str | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._list(self.listing(), joining=False)

    def slots(self) -> int:
        """How many requests may be under way now, with those at servers that get no more."""
        with self._lock:
            in_use = {server.endpoint.url: slots for server, slots in self._in_use()}
            known = self._servers | self._gone
            return sum(max(in_use.get(url, 0), server.busy) for url, server in known.items())

    def take(self, prefix: str, *, anywhere: bool) -> str | None:
        """The URL of the endpoint for a prompt that begins like others of this `prefix`.

        That is the one that had the last of them, if it has a slot free; if not, and `anywhere`,
        the one with most slots free. None if none has.
        """
        with self._lock:
            free = {server.endpoint.url: slots - server.busy for server, slots in self._in_use()}
            url = self._homes.get(prefix)
            if url is None or free.get(url, 0) < 1:
                url = max(free, key=lambda one: free[one], default=None) if anywhere else None
            if url is None or free[url] < 1:
                return None
            self._servers[url].busy += 1
            self._homes.pop(prefix, None)
            self._homes[prefix] = url
            if len(self._homes) > MOST_HOMES:
                del self._homes[next(iter(self._homes))]
            return url

    def ended(self, url: str, answered: bool | None, why: str = "") -> None:
        """A request has ended: with an answer or without; None if that tells nothing of it."""
        with self._lock:
            server = self._servers.get(url) or self._gone[url]
            server.busy -= 1
            if answered:
                server.unseen |= server.rests
                server.failures, server.rests = 0, server.barred is not None
            elif answered is False and not server.rests:
                self._rest(server, why)
            elif answered is False:
                # Another of those that rest is asked next.
                server.rests_until = max(server.rests_until, self.clock() + FIRST_REST)
            if not server.busy:
                self._gone.pop(url, None)

    def has_others(self, url: str) -> bool:
        """Whether an endpoint that is well is left besides that one."""
        with self._lock:
            return any(not server.rests for other, server in self._servers.items() if other != url)

    def barred(self) -> str | None:
        """Why no endpoint may be asked, if none may."""
        with self._lock:
            reasons = [server.barred for server in self._servers.values()]
        return "; ".join(map(str, reasons)) if all(reasons) else None

    def servers(self) -> list[Server]:
        """How each endpoint is now."""
        with self._lock:
            return [replace(server) for server in self._servers.values()]

    def look(self) -> bool:
        """Read the list again, and see whether those whose rest is over answer; what changed?"""
        before = self._picture()
        try:
            listed = self.listing()
        except EndpointError as error:
            self._tell_once(str(error))
        else:
            self._tell_once(None if listed else "no endpoint is listed any more")
            if listed:
                # Who joins is checked before it is asked.
                self._list(listed, joining=True)
        with self._lock:
            now = self.clock()
            due = [
                server.endpoint.url
                for server in self._servers.values()
                if server.unseen or (server.rests and server.rests_until <= now)
            ]
        self._see(due)
        return self._picture() != before

    @contextmanager
    def watched(self, changed: Callable[[], None]) -> Iterator[None]:
        """Look at once and then every second; `changed` is called after what changes anything."""
        self._see([server.endpoint.url for server in list(self._servers.values())])
        ended = threading.Event()

        def go_on() -> None:
            while not ended.wait(LOOK_SECONDS):
                if self.look():
                    changed()

        thread = threading.Thread(target=go_on, name="endpoints", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()

    def _in_use(self) -> list[tuple[Server, int]]:
        """The servers that may be asked, and how much."""
        fit = [server for server in self._servers.values() if server.barred is None]
        well = [server for server in fit if not server.rests]
        if well:
            return [(server, server.endpoint.slots) for server in well]
        return [(server, 1) for server in sorted(fit, key=lambda one: one.rests_until)[:1]]

    def _list(self, listed: Sequence[Endpoint], *, joining: bool) -> None:
        with self._lock:
            urls = {endpoint.url for endpoint in listed}
            for url in self._servers.keys() - urls:
                self._gone[url] = self._servers.pop(url)
            for endpoint in listed:
                known = self._servers.get(endpoint.url) or self._gone.pop(endpoint.url, None)
                if known is None:
                    known = Server(endpoint, rests=joining)
                known.endpoint = endpoint
                self._servers[endpoint.url] = known
            self._gone = {url: server for url, server in self._gone.items() if server.busy}

    def _see(self, urls: Sequence[str]) -> None:
        """Check these; those that answer are well, the others rest."""
        if not urls:
            return
        with ThreadPoolExecutor(min(CHECKS_AT_ONCE, len(urls))) as pool:
            found = dict(zip(urls, pool.map(self._problem_of, urls), strict=True))
        with self._lock:
            for url, (problem, barred) in found.items():
                server = self._servers.get(url)
                if server is None:
                    continue
                server.unseen = False
                if barred or problem is None:
                    server.barred = problem
                if problem is not None:
                    self._rest(server, problem)
                elif server.rests:
                    server.rests = False
                    structlog.get_logger().info("endpoint answers again", endpoint=url)

    def _problem_of(self, url: str) -> tuple[str | None, bool]:
        """Why the server can't be asked, and whether it mustn't be."""
        # A server may say anything, and nothing it says may end the looking.
        try:
            return self.check(url), False
        except OtherWeights as error:
            return str(error), True
        except Exception as error:
            return f"its answer can't be understood: {error}", False

    def _rest(self, server: Server, why: str) -> None:
        seconds = min(FIRST_REST * 2 ** min(server.failures, 16), LONGEST_REST)
        server.failures += 1
        if not server.rests:
            server.rests = True
            structlog.get_logger().warning(
                "endpoint rests", endpoint=server.endpoint.url, seconds=seconds, reason=why
            )
        server.rests_until = self.clock() + seconds

    def _tell_once(self, problem: str | None) -> None:
        if problem is not None and problem != self._problem:
            structlog.get_logger().warning("the list of endpoints stays as it was", reason=problem)
        self._problem = problem

    def _picture(self) -> list[tuple[Endpoint, bool]]:
        with self._lock:
            return [(one.endpoint, one.rests) for one in self._servers.values()]
