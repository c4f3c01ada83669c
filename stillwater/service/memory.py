"""Answers that are given again as long as nothing has changed, so that readers cost a batch little.

What the routes of `READ_ONLY` answer depends on the request's path and query and on the record
alone; the hub counts its changes. Nothing is ever answered from before the last of them.
"""

from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwater.service.hub import Hub

READ_ONLY = ("/api/runs", "/api/machines/")
MOST_ANSWERS = 256
LARGEST = 256 << 10
"""Bytes of an answer that is kept."""


@dataclass(frozen=True)
class Answer:
    """A whole answer, and the count of changes before it was made."""

    changes: int
    start: Message
    body: bytes


class Memory:
    """An application whose answers are remembered until the hub tells of a change."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app = app
        self._hub = hub
        self._answers: dict[tuple[str, bytes], Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or ask the application."""
        if scope["type"] != "http" or not _is_reading(scope):
            await self.app(scope, receive, send)
            return
        key = (scope["path"], scope["query_string"])
        known = self._answers.get(key)
        if known is not None and known.changes == self._hub.changes:
            await send(known.start)
            await send({"type": "http.response.body", "body": known.body})
            return
        keeping = _Keeping(send, self._hub.changes)
        await self.app(scope, receive, keeping)
        answer = keeping.answer()
        if answer is not None:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            self._answers[key] = answer


class _Keeping:
    """Sends on what it is given, and keeps it."""

    def __init__(self, send: Send, changes: int) -> None:
        self._send = send
        self._changes = changes
        self._start: Message | None = None
        self._body = b""
        self._whole = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = dict(message, headers=list(message["headers"]))
        elif message["type"] == "http.response.body" and len(self._body) <= LARGEST:
            self._body += message.get("body", b"")
            self._whole = not message.get("more_body", False)
        await self._send(message)

    def answer(self) -> Answer | None:
        """What was sent, if it is whole, good and not too large."""
        start = self._start
        if start is None or not self._whole or start["status"] != 200 or len(self._body) > LARGEST:
            return None
        return Answer(self._changes, start, self._body)


def _is_reading(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "GET" and path.startswith(READ_ONLY)
