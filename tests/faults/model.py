"""A model's server on the loopback: it answers as `shop` says, or fails as it is told to."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.faults import shop

HUGE = 10 << 20
PIECES = 20
PATIENCE = 120.0

STATUSES = {
    "401": (401, "invalid key"),
    "404": (404, "there is no model local"),
    "429": (429, "too many requests"),
    "500": (500, "internal error"),
    "503": (503, "loading model"),
    "context": (400, "the request exceeds the available context size"),
}


class Model:
    """The server. `faults` come one a request, in their order; without one it answers.

    `asked` counts the requests; `met` is set when a fault has been met.
    """

    def __init__(self) -> None:
        self.faults: list[str | None] = []
        self.asked = 0
        self.met: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._release = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.up()

    @property
    def base(self) -> str:
        """Its api_base: the same as long as it lives, also while it is down."""
        return f"http://127.0.0.1:{self._port}/v1"

    def up(self) -> None:
        """Listen, if it doesn't."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), self._handler())
            self._port = self._server.server_address[1]
            serve = self._server.serve_forever
            threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """Listen no more: connections are refused."""
        self._release.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def reset(self) -> None:
        """As new: up, no faults, nothing asked."""
        self._release.set()
        self._release = threading.Event()
        self.up()
        self.faults, self.asked, self.met = [], 0, Counter()

    def release(self) -> None:
        """Let the silent requests go on: they get no answer."""
        self._release.set()

    def next_fault(self) -> str | None:
        """Count a request and say what is to happen to it."""
        with self._lock:
            self.asked += 1
            fault = self.faults.pop(0) if self.faults else None
            if fault:
                self.met[fault] += 1
            return fault

    def hold(self) -> None:
        """Wait, as a server that is silent does."""
        self._release.wait(PATIENCE)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = {"id": "local", "object": "model", "meta": {"n_ctx": 16384}}
                self.reply(200, {"object": "list", "data": [known]})

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fault = model.next_fault()
                if fault in STATUSES:
                    status, message = STATUSES[fault]
                    self.reply(status, {"error": {"message": message}})
                elif fault == "silent":
                    model.hold()
                    self.close_connection = True
                elif fault == "closed":
                    self.close_connection = True
                else:
                    self.answer(asked, fault)

            def answer(self, asked: dict[str, Any], fault: str | None) -> None:
                content = json.dumps(completion(asked, fault)).encode()
                if fault == "cut off":
                    self.send(200, content[: len(content) // 2], len(content))
                    self.close_connection = True
                elif fault == "slow":
                    self.drip(content)
                elif fault == "garbage":
                    self.send(200, b"\x00\xff<html>not what you asked for" * 20)
                elif fault == "10 MB of garbage":
                    self.send(200, b"\xfe\x00[{<" * (HUGE // 5))
                elif fault == "no choices":
                    self.send(200, b'{"id": "1", "object": "chat.completion", "choices": []}')
                else:
                    self.send(200, content)

            def reply(self, status: int, body: dict[str, Any]) -> None:
                self.send(status, json.dumps(body).encode())

            def drip(self, content: bytes) -> None:
                self.head(200, len(content))
                step = len(content) // PIECES + 1
                for at in range(0, len(content), step):
                    self.wfile.write(content[at : at + step])
                    self.wfile.flush()
                    time.sleep(0.05)

            def send(self, status: int, content: bytes, length: int | None = None) -> None:
                self.head(status, len(content) if length is None else length)
                self.wfile.write(content)

            def head(self, status: int, length: int) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is what many faults are about."""


def completion(asked: dict[str, Any], fault: str | None) -> dict[str, Any]:
    """A chat completion as an OpenAI-compatible server gives it."""
    text = shop.answer(asked)
    if fault == "10 MB answer":
        text = "I think about it once more. \n" * (HUGE // 29) + "\n" + text
    shown = sum(len(one["content"]) for one in asked["messages"])
    usage = {"prompt_tokens": shown // 4, "completion_tokens": 50}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "local",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {**usage, "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]},
    }
