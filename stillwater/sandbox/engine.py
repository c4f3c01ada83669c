"""The one door to the Docker Engine; the SDK is imported only when it is opened."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillwater.sandbox.protocol import SandboxError

if TYPE_CHECKING:
    from docker import DockerClient

CALL_SECONDS = 120.0
PROBE_SECONDS = 3.0
CONNECTIONS = 32  # kept open at most; more are made and closed again


@contextmanager
def connect(seconds: float = CALL_SECONDS) -> "Iterator[DockerClient]":
    """A client of the engine that DOCKER_HOST names; whatever goes wrong is a SandboxError."""
    import docker

    _knock()
    with errors():
        client = docker.from_env(timeout=seconds)
        try:
            yield client
        finally:
            client.close()


class Engine:
    """One client for all threads, connected when it is first needed, and kept."""

    def __init__(self) -> None:
        self._connecting = threading.Lock()
        self._client: DockerClient | None = None

    @contextmanager
    def client(self) -> "Iterator[DockerClient]":
        """The client; whatever goes wrong with it meanwhile is a SandboxError."""
        import docker

        _knock()
        with errors():
            with self._connecting:
                if self._client is None:
                    self._client = docker.from_env(timeout=CALL_SECONDS, max_pool_size=CONNECTIONS)
            yield self._client

    def close(self) -> None:
        """Close its connections; the next use connects anew."""
        with self._connecting:
            if self._client is not None:
                self._client.close()
                self._client = None


def _knock() -> None:
    """Try the engine's socket first: the SDK leaks its own when nobody answers."""
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if not host.startswith("unix://"):
        return
    try:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(PROBE_SECONDS)
            knocking.connect(host.removeprefix("unix://"))
    except OSError as error:
        raise SandboxError(f"No Docker Engine answers at {host}: {error.strerror}.") from error


@contextmanager
def errors() -> Iterator[None]:
    """Turn what the engine, or the way to it, does wrong into a SandboxError."""
    import docker
    import requests

    try:
        yield
    except docker.errors.APIError as error:
        said = error.explanation or str(error)
        raise SandboxError(f"The Docker Engine refused: {said}") from error
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise SandboxError(f"The Docker Engine doesn't answer: {error}") from error
    except OSError as error:
        raise SandboxError(f"The docker sandbox failed: {error}") from error


def engine_answers() -> str | None:
    """None when an engine answers within three seconds; else one sentence that says why not."""
    try:
        with connect(PROBE_SECONDS) as client:
            client.ping()
    except SandboxError as error:
        return str(error)
    return None
