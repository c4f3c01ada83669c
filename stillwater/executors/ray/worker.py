"""The part that runs in Ray's workers, on whatever node: one step, with that node's own tools."""

import os
import pickle
import platform
import time
from functools import lru_cache
from pathlib import Path

from stillwater import __version__
from stillwater.errors import InputError, WorldError
from stillwater.executors.ray.wire import Outfit
from stillwater.executors.workshop import Workshop, deferred
from stillwater.models.client import client
from stillwater.repository import Repositories
from stillwater.sandbox import DockerSandbox, Shelf, choose, scratch
from stillwater.snapshot import Snapshot
from stillwater.steps import STEPS, Tools

DYING_SECONDS = 5.0
"""How long a worker that is being killed is waited for."""


class OtherVersion(WorldError):
    """The node has another Stillwater than the scheduler: what it does isn't what was asked for."""

    needs_a_person = True


class UnfitNode(WorldError):
    """The node lacks what the run's steps need; another may have it."""


def perform(version: str, outfit: bytes, snapshot: bytes) -> bytes:
    """Carry out the step of a pickled snapshot; its end, pickled.

    `outfit` is only read where this node's Stillwater has the scheduler's `version`.
    """
    given: Snapshot = pickle.loads(snapshot)
    try:
        if version != __version__:
            raise OtherVersion(
                f"{platform.node()} has Stillwater {__version__}, the scheduler {version}: "
                "install the same version on every node"
            )
        label, shop = workshop(outfit)
        reap(label, shop.tools)
    except WorldError as error:
        return pickle.dumps(deferred(given, error))
    except InputError as error:
        return pickle.dumps(deferred(given, UnfitNode(f"{platform.node()}: {error}")))
    return pickle.dumps(shop.perform(given))


def tidy(version: str, outfit: bytes) -> None:
    """Remove what killed workers of this node left, once they are dead.

    Raises:
        InputError: this node hasn't got the sandbox, and so nothing of its.
        WorldError: the sandbox can't be reached.
    """
    if version != __version__:
        return
    label, shop = workshop(outfit)
    ends = time.monotonic() + DYING_SECONDS
    reap(label, shop.tools)
    while shop.tools.repositories.lent() and time.monotonic() < ends:
        time.sleep(0.1)
        reap(label, shop.tools)


def home_of(outfit: Outfit) -> Path:
    """Where this node keeps repositories, environments and work trees of that database."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    # A home may be on a disk that nodes share, and processes are told apart on one machine only.
    return cache / "stillwater" / platform.node() / outfit.label


@lru_cache(maxsize=4)
def workshop(pickled: bytes) -> tuple[str, Workshop]:
    """The label of a pickled outfit, and what its steps work with here.

    Raises:
        InputError: this node hasn't got the sandbox.
    """
    outfit: Outfit = pickle.loads(pickled)
    config, home = outfit.config, home_of(outfit)
    sandbox, _ = choose(
        outfit.sandbox,
        home,
        config.docker_image,
        f"{outfit.label}-{scratch.unique()}",
        shelf=Shelf(home, config.image_budget),
        spares=False,  # Ray kills its workers
        private=[outfit.lender],
    )
    lender = outfit.lender if outfit.lender.is_dir() else None
    repositories = Repositories(home, config.repo_url, lender)
    tools = Tools(repositories, sandbox, client(config))
    others = {name: Tools(repositories, sandbox, client(one)) for name, one in outfit.arms.items()}
    return outfit.label, Workshop(STEPS, tools, others)


def reap(label: str, tools: Tools) -> None:
    """Remove what workers of this node left that were killed."""
    tools.repositories.reap()
    if isinstance(tools.sandbox, DockerSandbox):
        tools.sandbox.reap_dead(label)
    else:
        tools.sandbox.reap()
