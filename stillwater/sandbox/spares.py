"""Containers made and started ahead of time, each waiting for the one job that it will ever run.

Nothing but a shell that waits for a line has run in a spare; a container in which a job has run is
removed, in the background, and never used again (docs/decisions/005-fresh-containers.md).
"""

import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from stillwater.sandbox.containers import Attachment, Frame, create, remove
from stillwater.sandbox.engine import Engine
from stillwater.sandbox.protocol import SandboxError

if TYPE_CHECKING:
    from docker.models.containers import Container

T = TypeVar("T")

MOST = 4  # spares, of different frames; each is a process that sleeps, some ten megabytes
WORKERS = 2


@dataclass(frozen=True)
class Waiting:
    """A started container that waits for its job."""

    container: "Container"
    attached: Attachment

    def alive(self) -> bool:
        """Whether it still waits: it prints nothing before it has its job, so a word is its end."""
        return not select.select([self.attached.stream], [], [], 0)[0]


class Spares:
    """At most one spare container for each frame, and the removal of what was used.

    Its threads are waited for when the interpreter ends, so removals are finished then.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._workers = ThreadPoolExecutor(WORKERS, "containers")
        self._spares: dict[Frame, Future[Waiting]] = {}
        self._used: list[Container] = []
        self._pending: set[Future[Any]] = set()
        self._closed = False

    @contextmanager
    def taken(self, frame: Frame) -> Iterator[Waiting]:
        """A container for one job: the spare, or one made now. It is removed after its use."""
        one = self._take(frame) or self._make(frame)
        try:
            yield one
        finally:
            one.attached.close()
            self._discard(one.container)

    def want(self, frame: Frame) -> None:
        """Make the next one for this frame, in the background, if none is ready."""
        with self._lock:
            if self._closed:
                return
            known = self._spares.pop(frame, None)
            if known is None:
                with suppress(RuntimeError):  # the interpreter ends
                    known = self._begin(lambda: self._make(frame))
            if known is not None:
                self._spares[frame] = known  # the last in order is the last wanted
            for oldest in list(self._spares)[:-MOST]:
                self._drop(self._spares.pop(oldest))

    def empty(self) -> None:
        """Remove every spare and what was used, and wait until they are gone."""
        self._drop_all()
        self.settle()
        self._remove_used()

    def settle(self) -> None:
        """Wait for all that is made and removed in the background."""
        while self._pending:
            wait(set(self._pending))

    def stop(self) -> None:
        """Make no more, and remove the spares in the background."""
        self._closed = True
        self._drop_all()

    def close(self) -> None:
        """The end: nothing of this is left afterwards, as far as the engine answers."""
        self.stop()
        self.empty()
        self._workers.shutdown()

    def _take(self, frame: Frame) -> Waiting | None:
        """The spare for this frame, if there is one and it lives."""
        with self._lock:
            future = self._spares.pop(frame, None)
        if future is None or future.cancel():  # one that nobody has begun isn't waited for
            return None
        try:
            one = future.result()
        except SandboxError:
            return None  # whoever makes one now is told why
        if one.alive():
            return one
        one.attached.close()
        self._discard(one.container)
        return None

    def _make(self, frame: Frame) -> Waiting:
        with self._engine.client() as client:
            made = create(client, frame)
            try:
                attached = Attachment(made)
                try:
                    made.start()
                except BaseException:
                    attached.close()
                    raise
            except BaseException:
                self._discard(made)
                raise
            return Waiting(made, attached)

    def _drop_all(self) -> None:
        with self._lock:
            for future in self._spares.values():
                self._drop(future)
            self._spares.clear()

    def _drop(self, future: Future[Waiting]) -> None:
        """Remove a spare in the background, as soon as it is there."""

        def drop() -> None:
            with suppress(SandboxError):
                spare = future.result()  # its making was begun before: it was submitted before
                spare.attached.close()
                self._discard(spare.container)

        self._later(drop)

    def _discard(self, used: "Container") -> None:
        """Remove it in the background; what can't be removed now is tried again with the next."""
        with self._lock:
            self._used.append(used)
        self._later(self._remove_used)

    def _remove_used(self) -> None:
        with self._lock:
            used, self._used = self._used, []
        for one in used:
            try:
                with self._engine.client():
                    remove(one)
            except SandboxError:
                with self._lock:
                    self._used.append(one)

    def _later(self, work: Callable[[], None]) -> None:
        """Do it in the background; here and now when the interpreter ends."""
        try:
            self._begin(work)
        except RuntimeError:
            work()

    def _begin(self, work: Callable[[], T]) -> Future[T]:
        """Do it in the background; raises RuntimeError when no thread begins any more."""
        with self._lock:
            future = self._workers.submit(work)
            self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        return future
