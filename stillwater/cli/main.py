"""The door: every command by name, and every error as one sentence with an exit code."""

import io
import sys
from typing import Annotated

import typer

from stillwater import __version__
from stillwater.cli import lazy
from stillwater.cli.plain import warn
from stillwater.errors import InputError, StillwaterError

BAD_INPUT = 2
WORLD_FAILED = 1
COMMANDS: lazy.Table = {
    "run": "run:run",
    "compare": "compare:command",
    "resume": "run:resume",
    "cancel": "cancel:command",
    "fix": "fix:command",
    "serve": "serve:command",
    "status": "status:command",
    "show": "show:command",
    "read": "read:command",
    "report": "report:command",
    "combine": "combine:command",
    "audit": "audit:command",
    "replay": "replay:command",
    "verify": "verify:command",
    "doctor": "doctor:command",
    "export": (
        "Write what a run made.",
        {
            "predictions": "export:predictions",
            "patches": "export:patches",
            "submission": "submission:submission",
            "certificates": "export:certificates",
        },
    ),
    "key": (
        "The key that certificates are signed with.",
        {"new": "key:new"},
    ),
    "images": (
        "The images that instances run in.",
        {
            "plan": "images:plan",
            "pull": "images:pull",
            "build": "images:build",
            "prune": "images:prune",
        },
    ),
    "db": (
        "Copy, check and compact a database.",
        {
            "backup": "database:backup",
            "check": "database:check",
            "vacuum": "database:vacuum",
        },
    ),
}

app = lazy.group(
    COMMANDS,
    name="stillwater",
    told="Small local models repair real bugs: persisted state machines, every step as evidence.",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"stillwater {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Small local models repair real bugs: persisted state machines, every step as evidence."""


def main() -> None:
    """Run the command line; never returns."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that isn't UTF-8 gets a question mark, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except InputError as error:
        sys.exit(_told(error, BAD_INPUT))
    except StillwaterError as error:
        sys.exit(_told(error, WORLD_FAILED))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(WORLD_FAILED)


def _told(error: StillwaterError, code: int) -> int:
    warn(f"stillwater: {error}")
    return code
