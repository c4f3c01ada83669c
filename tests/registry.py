"""A real registry over HTTP that the engine pulls from: read only, a few tiny images."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.patience import DEADLINE

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass
class Registry:
    """What it serves: images by name; `pulls` are the manifests that were asked for."""

    address: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    pulls: list[str] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)
    """Set once somebody asks for a blob while `gate` is closed."""
    gate: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str, size: int = 1000) -> str:
        """An image of about that many bytes; its whole name, for pulling."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            info = tarfile.TarInfo(name)
            info.size = size
            seed = hashlib.sha256(name.encode()).digest()
            tar.addfile(info, io.BytesIO((seed * (size // 32 + 1))[:size]))
        plain = layer.getvalue()
        config = {
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["true"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(plain)]},
        }  # fmt: skip
        config_blob, layer_blob = json.dumps(config).encode(), gzip.compress(plain, mtime=0)
        self.blobs |= {_digest(config_blob): config_blob, _digest(layer_blob): layer_blob}
        manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": _entry(CONFIG, config_blob), "layers": [_entry(LAYER, layer_blob)],
        }  # fmt: skip
        self.manifests[name] = json.dumps(manifest).encode()
        return f"{self.address}/{name}:1"

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """The type and content of what is asked for, None for what isn't there."""
        words = path.strip("/").split("/")
        if words == ["v2"]:
            return "application/json", b"{}"
        _, *name, kind, reference = words
        manifest = self.manifests.get("/".join(name))
        if kind == "manifests" and manifest is not None:
            if reference == "1":
                self.pulls.append("/".join(name))
            return MANIFEST, manifest
        if kind == "blobs" and reference in self.blobs:
            if not self.gate.is_set():
                self.waiting.set()
                self.gate.wait(DEADLINE)
            return "application/octet-stream", self.blobs[reference]
        return None


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _entry(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry of this machine's own, its gate open."""
    serving = Registry()
    serving.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = serving.answer(self.path)
            kind, content = found or ("application/json", b'{"errors": []}')
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", _digest(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    serving.address = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield serving
    finally:
        serving.gate.set()
        server.shutdown()
        server.server_close()
