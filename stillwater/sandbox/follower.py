"""Reads what a container prints until it ends or has gone too far."""

import os
import selectors
import socket
import struct
import time

from stillwater.sandbox.capture import Capture
from stillwater.sandbox.protocol import Limits

CHUNK = 1 << 16
HEADER = struct.Struct(">BxxxL")  # Engine API, ContainerAttach: stream, three zeros, size


class Follower:
    """Reads a container's output until it ends or has gone too far.

    The container is to be killed when nobody reads any more: the engine waits for the reader of
    its output before it says that the container has ended.
    """

    def __init__(self, limits: Limits) -> None:
        self._buffer = bytearray()
        self.capture = Capture(limits.output_bytes)
        self.stopped: str | None = None
        self.cancelled = False
        self.started = time.monotonic()
        self._deadline = self.started + limits.seconds

    def follow(self, stream: socket.socket, cancellation: int, disk_full: int) -> None:
        """Read; `stopped` or `cancelled` say why, if it wasn't to the end.

        The descriptors become readable once cancelled, and once the job holds too much disk.
        """
        with selectors.DefaultSelector() as selector:
            for source in (stream, cancellation, disk_full):
                selector.register(source, selectors.EVENT_READ)
            while self.stopped is None:
                left = self._deadline - time.monotonic()
                ready = {key.fd for key, _ in selector.select(max(0.0, left))}
                if cancellation in ready:
                    self.cancelled = True
                    return
                if stream.fileno() in ready:
                    chunk = os.read(stream.fileno(), CHUNK)
                    if not chunk:
                        return
                    self._feed(chunk)
                if self.capture.flooded:
                    self.stopped = "output"
                elif disk_full in ready:
                    self.stopped = "disk"
                elif left <= 0:
                    self.stopped = "timeout"

    def _feed(self, chunk: bytes) -> None:
        """Take the frames apart."""
        self._buffer += chunk
        while len(self._buffer) >= HEADER.size:
            size = HEADER.unpack_from(self._buffer)[1]
            end = HEADER.size + size
            if len(self._buffer) < end:
                return
            self.capture.feed(bytes(self._buffer[HEADER.size : end]))
            del self._buffer[:end]
