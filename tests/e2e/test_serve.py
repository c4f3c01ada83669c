"""The service as a process: submitted over HTTP, killed, started again, watched from outside."""

import gzip
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.audit import audited, result, transitions
from tests.e2e.command import ROOT, environment, stillwater
from tests.e2e.test_endpoints import wait_until
from tests.models.server import Script, openai_server
from tests.patience import DEADLINE

ASKED = {
    "model": "builtin/mutate",
    "limit": 2,
    "settings": {"sandbox": "local", "attempts": 2},
}
pytestmark = pytest.mark.slow


class Served:
    """A service in a folder, and a client of it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        words = ("serve", "--port", "0", "--db", "s.db")
        with (folder / "err.txt").open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stillwater", *words],
                cwd=folder,
                env=environment(folder) | {"PYTHONPATH": str(ROOT)} | variables,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout
        told = self.process.stdout.readline()
        assert "http://127.0.0.1:" in told, (folder / "err.txt").read_text()
        self.client = httpx.Client(base_url=told.split()[-1], timeout=DEADLINE)

    def submit(self) -> str:
        answer = self.client.post("/api/runs", json=ASKED)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    @contextmanager
    def events(self, after: int) -> Iterator[Iterator[dict[str, Any]]]:
        """The transitions after that id, as they come."""
        headers = {"Last-Event-ID": str(after)}
        with self.client.stream("GET", "/api/events", headers=headers) as stream:
            yield _transitions(stream.iter_lines())

    def kill(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


def _transitions(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    kind = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            kind = value
        elif field == "data" and kind == "transition":
            yield json.loads(value)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    """Starts the service in one folder, again and again."""
    all_of_them: list[Served] = []

    def start(**variables: str) -> Served:
        all_of_them.append(Served(tmp_path, **variables))
        return all_of_them[-1]

    yield start
    for one in all_of_them:
        one.client.close()
        one.process.kill()
        one.process.communicate()


def test_a_killed_service_goes_on_as_if_undisturbed_and_its_stream_misses_nothing(
    serve: Any, tmp_path: Path
) -> None:
    first = serve()
    run_id = first.submit()
    seen: list[dict[str, Any]] = []
    with first.events(0) as coming:
        for one in coming:
            seen.append(one)
            if len(seen) == 4:
                break
    first.kill(signal.SIGKILL)

    second = serve()
    with second.events(seen[-1]["id"]) as coming:
        ended = {one["machine_id"] for one in seen if one["target"] in {"VERIFIED", "FAILED"}}
        for one in coming:
            seen.append(one)
            ended |= {one["machine_id"]} if one["target"] in {"VERIFIED", "FAILED"} else set()
            if len(ended) == 2:
                break
    assert [one["id"] for one in seen] == list(range(1, len(seen) + 1))
    for machine_id in ended:
        seqs = [one["seq"] for one in seen if one["machine_id"] == machine_id]
        assert seqs == list(range(1, len(seqs) + 1))
    told = second.client.get(f"/api/runs/{run_id}").json()
    assert told["machines"]["VERIFIED"] + told["machines"]["FAILED"] == 2
    assert second.kill(signal.SIGTERM) == 128 + signal.SIGTERM
    audited(tmp_path, "--db", "s.db")
    words = ("--db", "undisturbed.db", "--model", "builtin/mutate", "--sandbox", "local")
    alone = stillwater(tmp_path, "run", "samples", "--limit", "2", "--attempts", "2", *words)
    assert alone.returncode == 0, alone.stderr
    assert result(tmp_path / "s.db") == result(tmp_path / "undisturbed.db")


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server for traces: its address, and what was sent to it."""
    sent: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            whole = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            sent.append((self.path, whole))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()


def test_traces_go_where_the_environment_says(serve: Any) -> None:
    with collector() as (address, sent):
        first = serve(OTEL_EXPORTER_OTLP_ENDPOINT=address)
        run_id = first.submit()
        with first.events(0) as coming:
            next(coming)
        assert first.kill(signal.SIGTERM) == 128 + signal.SIGTERM
    assert {path for path, _ in sent} == {"/v1/traces"}
    whole = b"".join(body for _, body in sent)
    for word in (b"READ", b"stillwater.sha256", run_id.encode()):
        assert word in whole


def test_sigterm_stops_it_within_a_run_and_nothing_is_lost(serve: Any, tmp_path: Path) -> None:
    first = serve()
    run_id = first.submit()
    with first.events(0) as coming:
        next(coming)
        assert first.kill(signal.SIGTERM) == 128 + signal.SIGTERM
    status = stillwater(tmp_path, "status", "--db", "s.db")
    assert "No scheduler works on it" in status.stdout
    resumed = stillwater(tmp_path, "resume", run_id, "--db", "s.db")
    assert resumed.returncode == 0, resumed.stderr
    assert "Final:" in resumed.stdout


def test_a_step_under_way_at_sigterm_ends_and_is_kept(serve: Any, tmp_path: Path) -> None:
    gate = threading.Event()
    script = Script(text="no edits in it", context=16384, prompt_tokens=4000, hang=gate)
    settings = {"sandbox": "local", "attempts": 1}
    asked = {"model": "openai/local", "limit": 1, "settings": settings}
    with openai_server(script) as base:
        first = serve(STILLWATER_API_BASE=base, OPENAI_API_KEY="none")
        answer = first.client.post("/api/runs", json=asked)
        assert answer.status_code == 201, answer.text
        wait_until(lambda: len(script.asked) == 1)
        first.process.send_signal(signal.SIGTERM)
        gate.set()
        assert first.process.wait(DEADLINE) == 128 + signal.SIGTERM
        (path,) = transitions(tmp_path / "s.db").values()
        assert [one["event"] for one in path] == ["read", "unusable"]
        run_id = answer.json()["id"]
        resumed = stillwater(tmp_path, "resume", run_id, "--db", "s.db", OPENAI_API_KEY="none")
        assert resumed.returncode == 0, resumed.stderr
    assert len(script.asked) == 1


def test_one_scheduler_a_database(serve: Any, tmp_path: Path) -> None:
    serve()
    other = stillwater(tmp_path, "serve", "--port", "0", "--db", "s.db")
    assert other.returncode == 2
    assert "another scheduler" in other.stderr
    run = stillwater(tmp_path, "run", "--db", "s.db", "--model", "builtin/mutate")
    assert run.returncode == 2
    assert "another scheduler" in run.stderr


def test_a_port_that_is_taken_is_told_in_a_sentence(serve: Any, tmp_path: Path) -> None:
    port = str(serve().client.base_url.port)
    other = stillwater(tmp_path, "serve", "--port", port, "--db", "other.db")
    assert other.returncode == 2
    assert "can't be listened on" in other.stderr
    assert not (tmp_path / "other.db").exists()


def test_help_names_the_token(tmp_path: Path) -> None:
    assert "STILLWATER_TOKEN" in stillwater(tmp_path, "serve", "--help").stdout


def test_the_token_is_written_nowhere(serve: Any, tmp_path: Path) -> None:
    secret = "a-secret-of-the-operator-0123456789"
    first = serve(STILLWATER_TOKEN=secret)
    refused = first.client.get("/api/runs", headers={"Authorization": "Bearer another-secret"})
    assert refused.status_code == 401
    shown = {"Authorization": f"Bearer {secret}"}
    assert first.client.get("/api/runs", headers=shown).status_code == 200
    answer = first.client.post("/api/runs", json=ASKED, headers=shown)
    assert answer.status_code == 201
    first.kill(signal.SIGTERM)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file
