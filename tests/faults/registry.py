"""The faults by name: what each is, how it is injected, what a machine needs for it."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.world import World

Need = Callable[[], str | None]
"""None where a fault can be played; else why not."""
Play = Callable[[World], None]


@dataclass(frozen=True)
class Fault:
    """A scenario: `play` disturbs the world's run; what `check` demands must hold after it.

    `options` are the world's; `undisturbed` names the world it is compared with.
    """

    name: str
    how: str
    play: Play
    needs: tuple[Need, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    is_long: bool = False
    """Left to `make faults`: CI has no time for it."""

    def missing(self) -> str | None:
        """Why it can't be played here, if it can't."""
        return next((why for need in self.needs if (why := need()) is not None), None)


@dataclass(frozen=True)
class Elsewhere:
    """A fault that tests outside this package play; `tests` are pytest's names for them."""

    name: str
    how: str
    tests: tuple[str, ...]


FAULTS: dict[str, Fault] = {}


def fault(
    name: str, how: str, *needs: Need, is_long: bool = False, **options: Any
) -> Callable[[Play], Play]:
    """Register the function below as the fault of that name."""

    def register(play: Play) -> Play:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, how, play, needs, options, is_long)
        return play

    return register


def strace() -> str | None:
    """Needs strace, and to be allowed to trace."""
    if shutil.which("strace") is None:
        return "strace isn't installed"
    done = subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, check=False, text=True
    )
    return f"strace can't trace here: {done.stderr.strip()[:100]}" if done.returncode else None


def mounts() -> str | None:
    """Needs to be allowed to mount a small disk."""
    words = ("unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt")
    if shutil.which("unshare") is None:
        return "unshare isn't installed"
    done = subprocess.run(words, capture_output=True, check=False)
    return "no disk can be mounted here" if done.returncode else None


def git_daemon() -> str | None:
    """Needs git's own server."""
    done = subprocess.run(
        ["git", "daemon", "--no-such-flag"], capture_output=True, check=False, text=True
    )
    return None if "usage" in done.stderr else "git daemon isn't installed"


def engine() -> str | None:
    """Needs a Docker Engine on a socket."""
    from stillwater.sandbox import engine_answers

    return engine_answers()
