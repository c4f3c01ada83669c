"""`stillwater serve`: runs are submitted, watched and audited through a web server."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from stillwater import config as configuration
from stillwater import logs, runs
from stillwater.cli import watch
from stillwater.cli.options import ConfigFile, Verbose
from stillwater.cli.plain import warn
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.errors import InputError, installing

TOKEN = "STILLWATER_TOKEN"  # noqa: S105 - a name, not the secret
"""The variable with the secret that other machines must show; never a flag, which `ps` tells."""
NEEDED = ("fastapi", "uvicorn", "multipart", "prometheus_client", "datasette")


def command(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8765,
    repositories: Annotated[
        list[Path] | None,
        typer.Option("--repositories", help="A folder that submitted instances may clone from."),
    ] = None,
    config: ConfigFile = None,
    db: Db = DEFAULT_DB,
    verbose: Verbose = False,
) -> None:
    """Serve the board and the API, and drive the runs that are submitted.

    Any address but this machine's own demands a token, in the variable STILLWATER_TOKEN.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise InputError(f"the service needs its extra, {installing('service')}")
    from stillwater.service import server

    today = configuration.load(None, config)
    settings = server.Settings(
        place=runs.Place.of(db, today),
        host=host,
        port=port,
        token=os.environ.get(TOKEN) or None,
        config_file=config,
        repositories=tuple(repositories or ()),
        lease_seconds=today.lease_seconds,
    )
    with logs.to_run_folder(settings.place.folder / "service", warn if verbose else None):
        code = server.serve(
            settings, lambda url: print(f"Stillwater serves {db} at {url}", flush=True)
        )
    watch.leave(code)
