"""Two Ray nodes on this machine, on 127.0.0.1 and 127.0.0.2: `python bench/cluster.py`.

It prints the command that runs Stillwater on them, and stops them at Ctrl-C.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

RAY = (sys.executable, "-m", "ray.scripts.scripts")
START_SECONDS = 120.0
SLOTS = '{"model": 1, "sandbox": 2}'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Cluster:
    """A head and the nodes that were added, whose files are in `folder`.

    `variables` join their environment. Who uses it needs those of `access` in their own.
    """

    folder: Path
    variables: Mapping[str, str]
    access: Mapping[str, str] = field(
        default_factory=lambda: {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
        },
        init=False,
    )  # fmt: skip
    port: int = field(default_factory=_free_port, init=False)
    nodes: list["subprocess.Popen[bytes]"] = field(default_factory=list, init=False)

    @property
    def address(self) -> str:
        """The head's, HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    def start_head(self) -> "subprocess.Popen[bytes]":
        """Start the head, which is a node too; also again, after it was killed."""
        return self._start(
            "127.0.0.1", "--head", f"--port={self.port}", "--include-dashboard=false",
            f"--temp-dir={self.folder}/{len(self.nodes)}", "--labels=part=first",
        )  # fmt: skip

    def add_node(self, ip: str = "127.0.0.2") -> "subprocess.Popen[bytes]":
        """Start a further node."""
        return self._start(ip, f"--address={self.address}", "--labels=part=second")

    def _start(self, ip: str, *words: str) -> "subprocess.Popen[bytes]":
        log = self.folder / f"{len(self.nodes)}.log"
        with log.open("wb") as printed:
            node = subprocess.Popen(
                [*RAY, "start", "--block", f"--node-ip-address={ip}", "--num-cpus=2",
                 f"--resources={SLOTS}", "--object-store-memory=100000000", *words],
                stdout=printed, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", **self.access, **self.variables},
                start_new_session=True,
            )  # fmt: skip
        self.nodes.append(node)
        deadline = time.monotonic() + START_SECONDS
        while b"Ray runtime started" not in log.read_bytes():
            if node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the Ray node {ip} didn't start:\n{log.read_text()}")
            time.sleep(0.2)
        return node


def kill(node: "subprocess.Popen[bytes]") -> None:
    """SIGKILL for all processes of a node, as when its machine loses power."""
    found = [node.pid, *_below(node.pid)]
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    node.wait()


def _below(parent: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            yield from _below(int(entry.name))
            yield int(entry.name)


@contextmanager
def two_nodes(variables: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """The head and one more; these and all that join them end with it."""
    # Short, for the names of sockets have 107 characters.
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder), variables or {})
        try:
            cluster.start_head()
            cluster.add_node()
            yield cluster
        finally:
            for node in cluster.nodes:
                kill(node)


def main() -> None:
    """Keep two nodes until someone ends this."""
    with two_nodes() as cluster:
        access = " ".join(f"{name}={value}" for name, value in cluster.access.items())
        print("Two nodes. Use them:")
        print(f"  export {access}\n  stillwater run samples --ray-address {cluster.address}")
        print("They have the labels part=first and part=second: --set ray_model_nodes=part=first")
        print("Ctrl-C stops them.", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("Stopping.")


if __name__ == "__main__":
    main()
