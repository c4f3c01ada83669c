"""What the reading commands share: the database option, and finding the run or machine meant."""

import difflib
import shlex
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stillwater.errors import InputError
from stillwater.store import MachineRow, OlderDatabase, RunRow, Store
from stillwater.telling.text import one_line
from stillwater.where import Database, database

DEFAULT_DB = Path("stillwater.db")
SUGGESTED = 5

# What Typer sees is the parser: it knows no type that is either of two.
if TYPE_CHECKING:
    Meant = Database
else:
    Meant = Any
Db = Annotated[
    Meant,
    typer.Option(
        "--db",
        envvar="STILLWATER_DB",
        metavar="FILE|URL",
        parser=database,
        help="The database of runs: a file, or postgresql://user@host/name.",
    ),
]
RunId = Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run's id, or its beginning.")]


def open_store(db: Database) -> Store:
    """The database, for reading; InputError with what to do where there is none."""
    return Store.open(db, read_only=True)


def require(db: Database) -> None:
    """Raise InputError, with what to do, where there is no database; an older one is one."""
    with suppress(OlderDatabase):
        open_store(db).close()


def run_of(store: Store, run_id: str | None) -> RunRow:
    """The run of that id (or beginning), the newest if None; InputError if there is none."""
    if run_id is not None:
        return store.run(run_id)
    runs = store.runs()
    if not runs:
        raise InputError(f"{store.path} holds no run yet; start one with `stillwater run`")
    return runs[0]


def machine_of(
    store: Store, name: str, run_id: str | None = None, arm: str | None = None
) -> tuple[RunRow, MachineRow]:
    """The machine whose instance is called so, of the newest run that has it, or of that run.

    `name` is the instance's id, or a beginning or part of it that only one has.

    Raises:
        InputError: none or several are called so, or its run has several arms and none is given.
    """
    runs = [store.run(run_id)] if run_id is not None else store.runs()
    rows = {run.id: store.machines(run.id) for run in runs}
    known = dict.fromkeys(row.instance_id for listed in rows.values() for row in listed)
    instance_id = _meant(name, list(known), store.path)
    for run in runs:
        found = [row for row in rows[run.id] if row.instance_id == instance_id]
        if found:
            return run, _of_arm(found, arm)
    raise InputError(f"there is no instance {one_line(name)} in {store.path}")


def _meant(name: str, known: Sequence[str], path: Database) -> str:
    folded = name.casefold()
    for matches in (
        [one for one in known if one == name],
        [one for one in known if one.casefold().startswith(folded)],
        [one for one in known if folded in one.casefold()],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            listed = ", ".join(sorted(matches)[:SUGGESTED])
            more = " …" if len(matches) > SUGGESTED else ""
            raise InputError(f"{name} may be any of {listed}{more}: write more of it")
    near = difflib.get_close_matches(name, known, 3, 0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise InputError(f"there is no instance {name} in {path}{hint}")


def _of_arm(found: Sequence[MachineRow], arm: str | None) -> MachineRow:
    chosen = [row for row in found if arm in {None, row.arm}]
    if len(chosen) == 1:
        return chosen[0]
    arms = ", ".join(row.arm for row in found)
    raise InputError(f"{found[0].instance_id} has the arms {arms}: choose one with --arm")


def flag_of(db: Database) -> str:
    """The option that names this database to the next command; nothing for the usual one."""
    return "" if db == DEFAULT_DB else f" --db {shlex.quote(str(db))}"


def local(at: datetime) -> str:
    """A time as the person's clock shows it."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
