"""What Stillwater is measured beside, each in an environment of its own, pinned by its hashes.

`python_of("dbos")` makes it at the first call, below `.bench` in the present folder, from NAME.txt
beside this file; `make lock` makes that from NAME.in, with what pip would take of the rest on that
day. (mini-swe-agent's tool calls don't work with the litellm that Stillwater has pinned, 1.106.2,
unless `mcp` is installed too: so each has its own.)
"""

import subprocess
import sys
from pathlib import Path

from stillwater.canonical import digest

HERE = Path(__file__).parent
CACHE = Path(".bench")


class Missing(Exception):
    """A peer can't be had here; the sentence says why."""


def python_of(name: str) -> str:
    """A Python that has that peer; raises Missing."""
    pins = HERE / f"{name}.txt"
    version = digest(pins.read_bytes() + sys.version.encode())[:12]
    folder = (CACHE / f"{name}-{version}").absolute()
    python = folder / "bin" / "python"
    made = folder / "made"
    if not made.exists():
        print(f"Installing {name} in {CACHE} …", file=sys.stderr, flush=True)
        pip = (str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check")
        _done(name, sys.executable, "-m", "venv", "--clear", str(folder))
        _done(name, *pip, "--require-hashes", "-r", str(pins))
        made.touch()
    return str(python)


def version_of(name: str) -> str:
    """The version of that peer which is pinned."""
    return (HERE / f"{name}.in").read_text().strip().partition("==")[2]


def _done(name: str, *command: str) -> None:
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        raise Missing(f"{name} can't be installed: {said[-1] if said else command}")
