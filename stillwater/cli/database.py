"""`stillwater db`: a database as a file: back it up, check it, compact it."""

from pathlib import Path
from typing import Annotated

import typer

from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.store import upkeep
from stillwater.telling.text import one_line

UNSOUND = 1


def backup(
    file: Annotated[Path, typer.Argument(help="The copy to make; it must not exist yet.")],
    db: Db = DEFAULT_DB,
) -> None:
    """Copy the database, complete and on disk, also while a run is under way."""
    size = upkeep.back_up(db, file)
    typer.echo(f"{file}: {size:,} bytes")


def check(db: Db = DEFAULT_DB) -> None:
    """Check the file: pages, references, and tables, triggers and views as they should be."""
    problems = upkeep.check(db)
    for problem in problems:
        typer.echo(one_line(problem, 500))
    if problems:
        raise typer.Exit(UNSOUND)
    typer.echo(f"{db}: sound. Whether its evidence holds: stillwater audit")


def vacuum(db: Db = DEFAULT_DB) -> None:
    """Give free pages back to the disk; not while a run is under way."""
    before, after = upkeep.vacuum(db)
    typer.echo(f"{db}: {before:,} bytes before, {after:,} after")
