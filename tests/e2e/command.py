"""The command line as a person has it: a process, its output, its exit code."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.patience import DEADLINE

ROOT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    """A clean environment: no settings, an empty home, no Ollama."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "OLLAMA_API_BASE": "http://127.0.0.1:9",
        "XDG_STATE_HOME": str(home / "state"),
        "COLUMNS": "160",
    }


def stillwater(
    folder: Path, *words: str, stdin: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `stillwater …` in `folder` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "stillwater", *words],
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(ROOT)} | variables,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def started(
    folder: Path, *words: str, before: Sequence[str] = (), **variables: str
) -> subprocess.Popen[str]:
    """Start `stillwater …` in `folder`, behind `before`; its output goes to out.txt there."""
    with (folder / "out.txt").open("a") as out:
        return subprocess.Popen(
            [*before, sys.executable, "-m", "stillwater", *words],
            cwd=folder,
            env=environment(folder) | {"PYTHONPATH": str(ROOT)} | variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
            start_new_session=True,
        )


def killed(process: "subprocess.Popen[str]", after: float) -> bool:
    """kill -9 the process `after` seconds from now; False if it had ended before."""
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)
        return True
    return False


def processes_in(folder: Path) -> list[str]:
    """Command lines of living processes whose working directory lies in `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if (entry / "cwd").readlink().is_relative_to(folder):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found
