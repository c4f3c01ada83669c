"""What servers tell of the models that they serve, over HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from stillwater.config import load
from stillwater.models.chain import pool_of, reach_any
from stillwater.models.endpoints import OtherWeights
from stillwater.models.reach import reach

DIGEST = "365c0bd3c000a25d28ddbf732fe1c6add414de7275464c4e4d1c3b5fcb5d8ad1"
LLAMA: dict[str, Any] = {
    "name": "llama3.1:8b",
    "digest": DIGEST,
    "size": 4920753328,
    "details": {"parameter_size": "8.0B", "quantization_level": "Q4_K_M", "families": ["llama"]},
}
META = {"n_params": 8030261248, "size": 4912898304, "n_ctx": 4096}


@contextmanager
def server(answers: dict[str, Any]) -> Iterator[str]:
    """Answers every request for a path with its JSON; where it listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def test_ollama_tells_the_digest_of_its_model() -> None:
    with server({"/api/tags": {"models": [LLAMA]}}) as base:
        served = reach("ollama_chat/llama3.1:8b", base).served
    assert (served.digest, served.reason) == (f"sha256:{DIGEST}", None)
    assert served.facts == {
        "size": 4920753328,
        "parameter_size": "8.0B",
        "quantization_level": "Q4_K_M",
    }


@pytest.mark.parametrize("digest", [None, "", "latest", 7, {"a": 1}])
def test_what_is_no_digest_is_not_taken_for_one(digest: object) -> None:
    with server({"/api/tags": {"models": [LLAMA | {"digest": digest}]}}) as base:
        served = reach("ollama_chat/llama3.1:8b", base).served
    assert (served.digest, served.reason) == (None, "its server tells no digest")


@pytest.mark.parametrize("info", [None, [], {"x.context_length": None}, {"x.context_length": "n"}])
def test_a_server_that_tells_its_context_badly_tells_none(info: object) -> None:
    with server({"/api/tags": {"models": [LLAMA]}, "/api/show": {"model_info": info}}) as base:
        found = reach("ollama_chat/llama3.1:8b", base)
    assert (found.problem, found.context) == (None, None)


def test_an_openai_server_tells_how_large_its_model_is_and_no_digest() -> None:
    listed = {"data": [{"id": "other"}, {"id": "local", "meta": META}]}
    with server({"/v1/models": listed}) as base:
        served = reach("openai/local", f"{base}/v1").served
    assert served.digest is None
    assert served.reason == "its server tells no digest"
    assert served.facts == {"id": "local", **META}


def test_the_context_is_that_of_the_model_and_of_no_other() -> None:
    small, large = {"id": "embed", "max_model_len": 512}, {"id": "local", "max_model_len": 32768}
    with server({"/v1/models": {"data": [small, large]}}) as base:
        assert reach("openai/local", f"{base}/v1").context == 32768
        assert reach("openai/unlisted", f"{base}/v1").context is None
    with server({"/v1/models": {"data": [large]}}) as base:
        assert reach("openai/any", f"{base}/v1").context == 32768


def test_stillwaters_own_key_is_one_for_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for model in ("anthropic/claude-x", "openai/gpt-x"):
        assert reach(model, None, "sk-mine").problem is None
        assert "STILLWATER_API_KEY" in reach(model).remedy
    monkeypatch.delenv("AZURE_API_BASE", raising=False)
    assert "AZURE_API_BASE" in reach("azure/gpt-x", None, "sk-mine").remedy


def test_a_server_that_lists_nonsense_is_still_reached() -> None:
    with server({"/v1/models": {"data": ["local", None, {"id": "local", "meta": 5}]}}) as base:
        found = reach("openai/local", f"{base}/v1")
    assert (found.problem, found.served.facts) == (None, {"id": "local"})


def test_the_built_in_search_has_stillwaters_own_version() -> None:
    served = reach("builtin/mutate").served
    assert served.digest is None
    assert "part of Stillwater" in str(served.reason)


OTHER = {"models": [{**LLAMA, "digest": DIGEST.replace("3", "4")}]}
MODEL = "ollama_chat/llama3.1:8b"
DOWN = "http://127.0.0.1:9"


def test_of_several_servers_one_that_answers_is_enough_and_the_others_are_told() -> None:
    with server({"/api/tags": {"models": [LLAMA]}}) as first:
        found = reach_any(MODEL, (DOWN, first), None)
        nowhere = reach_any(MODEL, (DOWN, DOWN), None)
    assert found.problem is None
    assert found.served.digest == f"sha256:{DIGEST}"
    assert [line.startswith(f"nothing answers at {DOWN}") for line in found.absent] == [True]
    assert nowhere.problem is not None


def test_servers_of_different_weights_are_refused() -> None:
    with server({"/api/tags": {"models": [LLAMA]}}) as first, server({"/api/tags": OTHER}) as other:
        with pytest.raises(OtherWeights, match=f"different weights of {MODEL}: sha256:365"):
            reach_any(MODEL, (first, other), None)
        # One that joins later with other weights is never asked.
        config = load({"endpoints": (first, other), "models": (MODEL,)})
        pool = pool_of(config, [MODEL, "builtin/mutate"], {MODEL: f"sha256:{DIGEST}"})
        assert pool is not None
        with pool.watched(lambda: None):
            assert pool.slots() == 1
            assert pool.take("x", anywhere=True) == first
            pool.ended(first, answered=False)
            assert pool.take("x", anywhere=True) == first


def test_an_api_base_or_a_single_server_needs_no_sharing() -> None:
    assert pool_of(load({}), [MODEL], {}) is None
    with_base = load({"endpoints": ("http://a/v1",), "api_base": "http://b/v1"})
    assert pool_of(with_base, [MODEL], {}) is None
