"""The images that jobs need: pulled once, kept while in use, the oldest gone when it is full.

Only what Stillwater itself has pulled is ever removed, and never while a job needs it.
"""

import json
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from stillwater.sandbox import images
from stillwater.sandbox.protocol import SandboxError

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Pulled:
    """An image that Stillwater pulled: its size in bytes, when it was last used (POSIX time)."""

    size: int
    used: float


class Shelf:
    """Which images are on the engine because of Stillwater; `home` is Stillwater's folder.

    `budget` is how many bytes they may take together (layers that they share are counted for each),
    None for as many as the disk holds.
    """

    def __init__(self, home: Path, budget: int | None = None) -> None:
        self._file = home / "images.json"
        self._budget = budget
        self._users: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._pulling: dict[str, threading.Lock] = defaultdict(threading.Lock)

    @property
    def is_bounded(self) -> bool:
        """Whether images have to make room for others."""
        return self._budget is not None

    @contextmanager
    def held(
        self, client: "DockerClient", image: str, check: Callable[[], None] = lambda: None
    ) -> Iterator[str]:
        """The image's id; it is pulled if it isn't there, and stays while the block runs.

        `check` is called now and then while it is pulled; what it raises ends the pull.

        Raises:
            SandboxError: it can't be had; the sentence names it and says why.
        """
        with self._counting:
            self._users[image] += 1
        try:
            with self._pulling[image]:
                found = images.find(client, image) or self._pull(client, image, check)
            self._touch(image)
            yield found
        finally:
            with self._counting:
                self._users[image] -= 1

    def pulled(self) -> dict[str, Pulled]:
        """What Stillwater has pulled and not removed, by name."""
        try:
            content = json.loads(self._file.read_text("utf-8"))
            return {name: Pulled(**one) for name, one in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def remove(self, client: "DockerClient", image: str) -> bool:
        """Remove an image that Stillwater pulled; False where a container still needs it."""
        from docker.errors import APIError, ImageNotFound

        try:
            client.images.remove(image)
        except ImageNotFound:
            pass
        except APIError:
            return False
        self._change(lambda known: known.pop(image, None))
        return True

    def _pull(self, client: "DockerClient", image: str, check: Callable[[], None]) -> str:
        self._make_room(client, keep=None)
        found = images.pull(client, image, check)
        size = int(client.images.get(image).attrs["Size"])
        self._change(lambda known: known.update({image: Pulled(size, time.time())}))
        self._make_room(client, keep=image)
        return found

    def _make_room(self, client: "DockerClient", keep: str | None) -> None:
        """Remove the least recently used until the rest is within the budget."""
        if self._budget is None:
            return
        known = self.pulled()
        total = sum(one.size for one in known.values())
        for image in sorted(known, key=lambda name: known[name].used):
            if total <= self._budget:
                return
            with self._counting:
                free = image != keep and not self._users[image]
                if free and self.remove(client, image):
                    total -= known[image].size

    def _touch(self, image: str) -> None:
        def touch(known: dict[str, Pulled]) -> None:
            if image in known:
                known[image] = Pulled(known[image].size, time.time())

        self._change(touch)

    def _change(self, change: Callable[[dict[str, Pulled]], object]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self._file}.lock"):
                known = self.pulled()
                before = dict(known)
                change(known)
                if known == before:
                    return
                partial = self._file.with_suffix(f".{os.getpid()}.partial")
                with suppress(FileNotFoundError):
                    partial.unlink()
                content = {name: asdict(one) for name, one in known.items()}
                partial.write_text(json.dumps(content, indent=1), "utf-8")
                partial.replace(self._file)
        except OSError as error:
            raise SandboxError(f"{self._file} can't be written: {error.strerror}") from error
