"""Output as it comes, within a bound: the beginning and the end are kept, the middle is counted."""

FLOOD = 4  # a program that has printed this many times the cap is stopped


class Capture:
    """Keeps the first three quarters and the last quarter of `cap` bytes."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._head_size = cap - cap // 4
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._total += len(chunk)
        room = self._head_size - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * self._cap:
            self._trim()

    @property
    def flooded(self) -> bool:
        """Whether the program prints without end, as far as anyone can tell."""
        return self._total > FLOOD * self._cap

    @property
    def truncated(self) -> bool:
        """Whether bytes were dropped."""
        return self._total > self._cap

    def content(self) -> bytes:
        """What was kept, with one line in place of what was not."""
        self._trim()
        if not self.truncated:
            return bytes(self._head + self._tail)
        dropped = self._total - len(self._head) - len(self._tail)
        line = f"\n[stillwater: {dropped} bytes of output dropped]\n".encode()
        return bytes(self._head) + line + bytes(self._tail)

    def _trim(self) -> None:
        excess = len(self._tail) - (self._cap - self._head_size)
        if excess > 0:
            del self._tail[:excess]
