"""The cache of virtual environments that setup commands made, one folder for each key."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from stillwater.refusals import tells_of_the_world
from stillwater.sandbox import scratch
from stillwater.sandbox.protocol import Execution, SandboxError, Setup, SetupError, Unreached

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_PASSED = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
)
VENV_SECONDS = 300.0


class Environments:
    """Environments under `home`/environments; several processes may share them."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "environments"

    def folder(self, key: str) -> Path:
        """Where the environment is, or will be."""
        if not _KEY.fullmatch(key):
            raise SandboxError(f"The environment key {key!r} can't name a folder.")
        return self._folder / key

    def ready(self, key: str) -> bool:
        """Whether it is complete."""
        return (self.folder(key) / "ready.json").is_file()

    def make(self, setup: Setup, run: Callable[[Path], Execution]) -> str:
        """Find it, or make it with `run`, which gets the folder and runs the command in it."""
        folder = self.folder(setup.key)
        if self.ready(setup.key):
            return setup.key
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock(setup.key)):
            if not self.ready(setup.key):
                scratch.remove(folder)
                with _nothing_unless_done(folder):
                    make_venv(folder / "venv")
                    execution = run(folder)
                    check(setup, execution)
                    _mark(folder, {"command": setup.command, "seconds": execution.seconds})
        return setup.key

    def _lock(self, key: str) -> Path:
        return self._folder / f"{key}.lock"

    def reap(self) -> int:
        """Remove the half-made environments that nobody makes now; how many."""
        removed = 0
        for folder in self._folder.glob("*/"):
            if self.ready(folder.name):
                continue
            try:
                with FileLock(self._lock(folder.name), timeout=0):
                    if folder.is_dir() and not self.ready(folder.name):
                        scratch.remove(folder)
                        removed += 1
            except Timeout:
                continue
        return removed


@contextmanager
def _nothing_unless_done(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        scratch.remove(folder)
        raise


def check(setup: Setup, execution: Execution) -> None:
    """Raise SetupError unless the setup command did its work.

    Unreached where it says that the network or the disk didn't let it.
    """
    if execution.stopped is not None:
        reason = f"was stopped by its {execution.stopped} limit"
    elif execution.exit_code:
        reason = f"failed with exit code {execution.exit_code}"
    else:
        return
    said = f"The setup command of {setup.key} {reason}"
    printed = execution.output.decode("utf-8", "replace")
    if execution.stopped is None and tells_of_the_world(printed):
        last = printed.strip().splitlines()[-1]
        raise Unreached(f"{said}; the network or the disk failed it: {last[:200]}")
    raise SetupError(f"{said}.", execution.output)


def _mark(folder: Path, facts: Mapping[str, object]) -> None:
    """Declare it complete: all at once, and after what it declares has reached the disk."""
    os.sync()
    half = folder / "ready.json.half"
    half.write_text(json.dumps(facts), "utf-8")
    half.rename(folder / "ready.json")


def make_venv(folder: Path) -> None:
    """A fresh virtual environment of the Python that runs Stillwater, with pip."""
    command = [sys.executable, "-I", "-m", "venv", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=VENV_SECONDS)
    except subprocess.CalledProcessError as error:
        printed = (error.stdout + error.stderr).decode("utf-8", "replace").strip()
        raise SandboxError(f"A virtual environment couldn't be made: {printed}") from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise SandboxError(f"A virtual environment couldn't be made: {error}") from error


def package_variables() -> dict[str, str]:
    """How this machine's pip reaches its packages, from the parent's environment."""
    return {
        **{k: v for k, v in os.environ.items() if k.startswith("PIP_") or k in _PASSED},
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def package_paths() -> set[Path]:
    """The files and folders that those variables name, and the machine's resolver."""
    words = {word for value in package_variables().values() for word in value.split()}
    named = {Path(w.removeprefix("file://")) for w in words}
    resolver = Path("/etc/resolv.conf").resolve()
    return {resolver, *(path for path in named if path.is_absolute() and path.exists())}
