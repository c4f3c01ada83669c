"""A real HTTP server that speaks the OpenAI API, and can be told to misbehave."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_HANG = 600.0
"""Seconds: longer than any test waits, so that no slow machine sees the answer too early."""


@dataclass
class Script:
    """What the server answers, and what it was asked.

    `thought` stands apart from the text; `statuses` come before `status`; {authorization} in
    `error` and `text` is the header's.
    """

    text: str = "an answer"
    thought: str | None = None
    texts: list[str] = field(default_factory=list)
    finish_reason: str = "stop"
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    error: str = "broken"
    prompt_tokens: int = 100
    context: int = 4096
    hang: threading.Event | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def openai_server(script: Script) -> Iterator[str]:
    """The server's api_base while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            model = {"id": "local", "object": "model", "meta": {"n_ctx": script.context}}
            self.reply(200, {"object": "list", "data": [model]})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            script.asked.append(json.loads(self.rfile.read(length)))
            if script.hang is not None:
                script.hang.wait(LONGEST_HANG)
            status = script.statuses.pop(0) if script.statuses else script.status
            if status != 200:
                self.reply(status, {"error": {"message": self.told(script.error)}})
                return
            if script.texts:
                script.text = script.texts.pop(0)
            self.reply(200, completion(script, self.told(script.text)))

        def told(self, text: str) -> str:
            return text.replace("{authorization}", str(self.headers["Authorization"]))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        if script.hang is not None:
            script.hang.set()
        server.shutdown()
        server.server_close()


def completion(script: Script, text: str) -> dict[str, Any]:
    """A chat completion as an OpenAI-compatible server gives it."""
    message = {"role": "assistant", "content": text}
    if script.thought is not None:
        message["reasoning_content"] = script.thought
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "local",
        "choices": [{"index": 0, "message": message, "finish_reason": script.finish_reason}],
        "usage": {
            "prompt_tokens": script.prompt_tokens,
            "completion_tokens": 7,
            "total_tokens": script.prompt_tokens + 7,
            "prompt_tokens_details": {"cached_tokens": 64},
        },
    }
