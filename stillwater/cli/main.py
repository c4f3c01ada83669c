"""The door: every command by name, and every error as one sentence with an exit code."""

import io
import sys
from typing import Annotated

import typer

from stillwater import __version__
from stillwater.cli import (
    audit,
    cancel,
    combine,
    compare,
    database,
    doctor,
    export,
    fix,
    images,
    key,
    read,
    replay,
    report,
    run,
    serve,
    show,
    status,
    submission,
    verify,
)
from stillwater.cli.plain import warn
from stillwater.errors import InputError, StillwaterError

BAD_INPUT = 2
WORLD_FAILED = 1

app = typer.Typer(
    name="stillwater",
    help="Small local models repair real bugs: persisted state machines, every step as evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
exports = typer.Typer(help="Write what a run made.", no_args_is_help=True)
keys = typer.Typer(help="The key that certificates are signed with.", no_args_is_help=True)
databases = typer.Typer(help="Copy, check and compact a database.", no_args_is_help=True)
pictures = typer.Typer(help="The images that instances run in.", no_args_is_help=True)

app.command("run")(run.run)
app.command("compare")(compare.command)
app.command("resume")(run.resume)
app.command("cancel")(cancel.command)
app.command("fix")(fix.command)
app.command("serve")(serve.command)
app.command("status")(status.command)
app.command("show")(show.command)
app.command("read")(read.command)
app.command("report")(report.command)
app.command("combine")(combine.command)
app.command("audit")(audit.command)
app.command("replay")(replay.command)
exports.command("predictions")(export.predictions)
exports.command("patches")(export.patches)
exports.command("submission")(submission.submission)
exports.command("certificates")(export.certificates)
app.add_typer(exports, name="export")
app.command("verify")(verify.command)
keys.command("new")(key.new)
app.add_typer(keys, name="key")
for verb in (images.plan, images.pull, images.build, images.prune):
    pictures.command(verb.__name__)(verb)
app.add_typer(pictures, name="images")
databases.command("backup")(database.backup)
databases.command("check")(database.check)
databases.command("vacuum")(database.vacuum)
app.add_typer(databases, name="db")
app.command("doctor")(doctor.command)


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
