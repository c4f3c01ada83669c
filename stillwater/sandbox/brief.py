"""A sandbox for one piece of work: at its end nothing runs in it any more, and nothing is left."""

from collections.abc import Iterator
from contextlib import contextmanager

from stillwater.sandbox.docker import DockerSandbox
from stillwater.sandbox.protocol import Sandbox


@contextmanager
def brief(sandbox: Sandbox, family: str | None = None) -> Iterator[Sandbox]:
    """The sandbox within; first the containers go that killed ones of its `family` left."""
    if family is not None and isinstance(sandbox, DockerSandbox):
        sandbox.reap_dead(family)
    try:
        yield sandbox
    finally:
        sandbox.cancel()
        sandbox.reap()
