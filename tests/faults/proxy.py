"""A proxy between a client and a server, on TCP or on a socket's path: it cuts, stalls, refuses."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHUNK = 1 << 16
Address = tuple[str, int] | str


class Proxy:
    """Passes bytes on to `target`, unless it is told otherwise.

    `cut_after` are numbers of bytes after which one connection each is cut, or with `stalls` passes
    on no more until `cut`. While `is_hung`, bytes are taken and not passed on. `refuse` is asked
    for every chunk of a client: what it gives is the answer.
    """

    def __init__(self, target: Address, at: Path | None = None) -> None:
        self.cut_after: list[int] = []
        self.stalls = False
        self.stalled = 0
        self.connections = 0
        self._release = threading.Event()
        self.is_hung = threading.Event()
        self.refuse: Callable[[bytes], bytes | None] = lambda _: None
        self._target = target
        self._at = at
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self._address: Address = str(at) if at else ("127.0.0.1", 0)
        self.up()

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._address[1])

    def up(self) -> None:
        """Listen, if it doesn't."""
        if self._listening is not None:
            return
        family = socket.AF_UNIX if self._at else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(self._address)
        self._address = listening.getsockname()
        listening.listen(64)
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections, and cut those that are open."""
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        if self._at:
            self._at.unlink(missing_ok=True)
        self.cut()

    def cut(self) -> None:
        """Cut the connections that are open, stalled ones too."""
        self._release.set()
        self._release = threading.Event()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            limit = self.cut_after.pop(0) if self.cut_after else None
            threading.Thread(target=self._serve, args=(client, limit), daemon=True).start()

    def _serve(self, client: socket.socket, limit: int | None) -> None:
        family = socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET
        with client, socket.socket(family) as server:
            self._open |= {client, server}
            try:
                server.connect(self._target)
                back = threading.Thread(
                    target=self._pass, args=(server, client, limit), daemon=True
                )
                back.start()
                self._pass(client, server, None)
                back.join()
            except OSError:
                pass
            finally:
                self._open -= {client, server}

    def _pass(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                while self.is_hung.is_set():
                    time.sleep(0.02)
                answer = self.refuse(chunk)
                if answer is not None:
                    source.sendall(answer)
                    break
                if limit is not None and passed + len(chunk) > limit:
                    sink.sendall(chunk[: limit - passed])
                    if self.stalls:
                        self.stalled += 1
                        self._release.wait()
                    break
                sink.sendall(chunk)
                passed += len(chunk)
        for one in (source, sink) if limit is not None else (sink,):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR if limit is not None else socket.SHUT_WR)
