"""Starting and stopping: the web server in the main thread, the scheduler beside it.

SIGTERM and SIGINT are as for `run`: no further step begins, those that run have seconds to end, a
second signal doesn't wait for them. What is unfinished goes on when the service starts again.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from stillwater import runs
from stillwater.errors import InputError
from stillwater.machine import State
from stillwater.scheduler import CANCEL_SECONDS, FINISH_SECONDS
from stillwater.service.app import MOST_UPLOADED, Service, application
from stillwater.service.guard import is_loopback
from stillwater.service.hub import Hub
from stillwater.service.readers import Readers
from stillwater.service.submit import Desk
from stillwater.service.worker import Worker
from stillwater.steps import STEPS, Step
from stillwater.store import LEASE_SECONDS

if TYPE_CHECKING:
    from stillwater.service.traces import Traces

STREAMS_SECONDS = 3
"""How long connections may take to end."""
SHORTEST_TOKEN = 16
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""The variables that say where traces go to."""


@dataclass(frozen=True)
class Settings:
    """Where the service listens, and what it may read."""

    place: runs.Place
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    config_file: Path | None = None
    repositories: tuple[Path, ...] = ()
    lease_seconds: float = LEASE_SECONDS
    most_uploaded: int = MOST_UPLOADED
    steps: Mapping[State, Step] = field(default_factory=lambda: STEPS)


def serve(settings: Settings, tell: Callable[[str], None]) -> int:
    """Serve until a signal; the exit code. `tell` gets the board's address when it can be asked.

    Raises:
        InputError: it may not listen there, or can't.
        LeaseHeld: another scheduler works on the database.
    """
    _check(settings)
    with (
        _listening(settings) as listener,
        runs.opened(settings.place, "the service", settings.lease_seconds) as store,
    ):
        runs.sweep(settings.place, None)
        hub = Hub()
        worker = Worker(settings.place, store, hub, settings.steps)
        readers = Readers(settings.place.db)
        service = Service(
            place=settings.place,
            worker=worker,
            desk=Desk(worker, settings.config_file, settings.repositories),
            readers=readers,
            hub=hub,
            token=settings.token,
            most_uploaded=settings.most_uploaded,
        )
        config = uvicorn.Config(
            application(service),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=STREAMS_SECONDS,
        )
        server = Server(config, service)
        following = _traces(readers, hub)
        worker.start()
        tell(_url(listener))
        server.run(sockets=[listener])
        if server.signum is None:
            worker.stop()
        worker.join(FINISH_SECONDS + CANCEL_SECONDS)
        if following:
            following.stop(STREAMS_SECONDS)
        readers.close()
    if server.signum is not None:
        return 128 + server.signum
    return 1 if worker.taken_over else 0


class Server(uvicorn.Server):
    """A server that tells the scheduler of signals, too."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.signum: int | None = None
        self._service = service

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that stop it, and put back what took them before."""
        before = {number: signal.signal(number, self.handle_exit) for number in runs.stopping()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and let the scheduler stop; at the second signal at once."""
        self.force_exit = self.signum is not None
        self.signum = sig
        self.should_exit = True
        self._service.hub.close()
        self._service.worker.stop()

    async def on_tick(self, counter: int) -> bool:
        """Whether to end: also when another scheduler has taken over the database."""
        return await super().on_tick(counter) or self._service.worker.taken_over


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _traces(readers: Readers, hub: Hub) -> "Traces | None":
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    from stillwater.service import traces

    following = traces.Traces(readers, hub, traces.exporting())
    following.start()
    return following


def _check(settings: Settings) -> None:
    if settings.token is None and not is_loopback(settings.host):
        raise InputError(
            f"{settings.host} can be reached from other machines: set STILLWATER_TOKEN to a secret "
            "that they must show, or listen on 127.0.0.1"
        )
    if settings.token is not None and len(settings.token) < SHORTEST_TOKEN:
        raise InputError(
            f"STILLWATER_TOKEN is shorter than {SHORTEST_TOKEN} characters: "
            "`openssl rand -hex 32` makes a better one"
        )
    for folder in settings.repositories:
        if not folder.is_dir():
            raise InputError(f"--repositories {folder}: there is no such folder")


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise InputError(
                f"{settings.host}:{settings.port} can't be listened on: {error.strerror or error}; "
                "choose another with --host and --port"
            ) from error
        listener.listen(128)
        yield listener
