"""`stillwater db`: a database as a file: back it up, check it, compact it."""

from pathlib import Path
from typing import Annotated

import typer

from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.store import upkeep
from stillwater.telling.text import one_line
from stillwater.where import file_of

UNSOUND = 1


def backup(
    file: Annotated[Path, typer.Argument(help="The copy to make; it must not exist yet.")],
    db: Db = DEFAULT_DB,
) -> None:
    """Copy the database, complete and on disk, also while a run is under way."""
    size = upkeep.back_up(file_of(db, "`pg_dump` makes a backup of it"), file)
    typer.echo(f"{file}: {size:,} bytes")


def check(db: Db = DEFAULT_DB) -> None:
    """Check a file's pages and references, and tables, triggers and views as they should be."""
    problems = upkeep.check(db)
    for problem in problems:
        typer.echo(one_line(problem, 500))
    if problems:
        raise typer.Exit(UNSOUND)
    typer.echo(f"{db}: sound. Whether its evidence holds: stillwater audit")


def vacuum(db: Db = DEFAULT_DB) -> None:
    """Give free pages back to the disk; not while a run is under way."""
    before, after = upkeep.vacuum(file_of(db, "the server does this by itself (autovacuum)"))
    typer.echo(f"{db}: {before:,} bytes before, {after:,} after")
