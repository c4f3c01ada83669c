"""A model's server that answers at once, or after as long as a generation takes.

    python bench/instant.py [--delay 0.0]

Speaks OpenAI's chat completions on a free port of 127.0.0.1, whose URL is the first line that it
prints; it ends when its input does. Each reply is one TCP segment: of two, the second would wait
40 ms for a delayed ACK, and that would be all that is measured. `GET /busy` tells when each
completion began and ended, by this machine's monotonic clock.

It answers both sides of bench/agent.py. To who offers tools (mini-swe-agent) the first answer calls
one that repairs the task named in the question, the second one that submits. To who does not
(Stillwater) the function of the task is told to return the seed and one: of two attempts, whose
seeds are 0 and 1, only the second is right.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

RIGHT = 2
"""What the function of a task is to return."""
TASK = re.compile(r"task-\d+")
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


@dataclass
class Instant:
    """The server: a thread for each connection."""

    delay: float = 0.0
    busy: list[tuple[float, float]] = field(default_factory=list)

    def listen(self) -> str:
        """Listen from now on; the base of the API's URLs."""
        bound = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, args=(bound,), daemon=True).start()
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"

    def _accept(self, bound: socket.socket) -> None:
        while True:
            connection, _ = bound.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while asked := _request(lines):
                begun = time.monotonic()
                path, body = asked
                told = self._answer(path, body)
                head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                if body:
                    self.busy.append((begun, time.monotonic()))
                connection.sendall(f"{head}Content-Length: {len(told)}\r\n\r\n".encode() + told)

    def _answer(self, path: str, body: bytes) -> bytes:
        if not body:
            listed = {"object": "list", "data": [{"id": "local", "object": "model"}]}
            return json.dumps(self.busy if path == "/busy" else listed).encode()
        time.sleep(self.delay)
        return json.dumps(completion(json.loads(body), len(body))).encode()


def _request(lines: BinaryIO) -> tuple[str, bytes] | None:
    """The path and the body of the next request; None where the connection ends."""
    first = lines.readline().split()
    length = 0
    while line := lines.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return (first[1].decode(), lines.read(length)) if first else None


def completion(asked: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The reply to a question of either side; `size` is the question's, in bytes."""
    tools = "tools" in asked
    message = _call(asked["messages"]) if tools else _edit(asked.get("seed") or 0)
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tools else "stop"}
    prompt, said = max(1, size // 4), 20
    usage = {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": int(time.time()),
        "model": asked.get("model", "local"), "choices": [choice], "usage": usage,
    }  # fmt: skip


def _edit(seed: int) -> dict[str, Any]:
    code = f"```python\ndef value():\n    return {seed + 1}\n```"
    return {"role": "assistant", "content": f"FILE: a.py\nLINES: 1-2\nREASONING: r\n{code}\n"}


def _call(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    named = TASK.search(str(messages[1]["content"]))
    assert named is not None
    right = f"return {RIGHT}"
    command = f"sed -i 's/return 0/{right}/' a.py && grep -q '{right}' a.py"
    if any(one["role"] == "tool" for one in messages):
        command = f"{SUBMIT} && git diff"
    arguments = json.dumps({"command": f"cd {named[0]} && {command}"})
    called = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "bash", "arguments": arguments},
    }
    return {"role": "assistant", "content": "r", "tool_calls": [called]}


@contextmanager
def instant(delay: float = 0.0) -> Iterator[str]:
    """The base of the API of a server in a process of its own, for as long as it's needed."""
    words = [sys.executable, __file__, "--delay", str(delay)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield server.stdout.readline().strip()
        server.stdin.close()


def busy(base: str) -> list[tuple[float, float]]:
    """When each completion began and ended, in the order of their ends."""
    with urllib.request.urlopen(f"{base.removesuffix('/v1')}/busy", timeout=10) as answer:
        return [(begun, ended) for begun, ended in json.load(answer)]


def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that an answer takes")
    asked = parser.parse_args()
    print(Instant(asked.delay).listen(), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
