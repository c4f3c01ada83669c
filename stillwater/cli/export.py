"""`stillwater export`: what a run made: SWE-bench's predictions, patch files, certificates."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from stillwater import config as configuration
from stillwater.canonical import digest
from stillwater.cli import reader
from stillwater.cli.options import ConfigFile, Force, OutFolder
from stillwater.cli.reader import DEFAULT_DB, Db, RunId, flag_of
from stillwater.errors import InputError
from stillwater.machine import FINAL
from stillwater.telling.predictions import patches_of, prediction

Arm = Annotated[str | None, typer.Option("--arm", help="Which, where the run has several.")]

UNSIGNED = "signed by nobody: set certificate_key to sign them"


def predictions(
    run: RunId = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Write here, not to stdout; .json makes one object.", dir_okay=False
        ),
    ] = None,
    last: Annotated[
        bool, typer.Option("--last", help="Unverified: the last patch that applied, not none.")
    ] = False,
    arm: Arm = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Write a run's patches as SWE-bench predictions, one JSON line an instance."""
    with reader.open_store(db) as store:
        found = reader.run_of(store, run)
        machines = list(patches_of(store, db, found, arm, last=last))
        # The harness counts what is missing as incomplete, an empty patch as an answer.
        made = [prediction(found, one, patch) for one, patch in machines if one.state in FINAL]
    if left := len(machines) - len(made):
        typer.echo(
            f"run {found.id} isn't finished: {left} of {len(machines)} instances are left out; go "
            f"on with `stillwater resume {found.id}{flag_of(db)}`",
            err=True,
        )
    if out is not None and out.suffix == ".json":
        text = json.dumps({one["instance_id"]: one for one in made}, indent=2) + "\n"
    else:
        text = "".join(json.dumps(one) + "\n" for one in made)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write(out, text.encode())
        whole = sum(bool(one["model_patch"]) for one in made)
        typer.echo(f"{out}: {len(made)} predictions, {whole} with a patch", err=True)


def patches(
    run: RunId = None,
    *,
    out: OutFolder,
    force: Force = False,
    arm: Arm = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Write each verified patch of a run as <instance_id>.patch."""
    with reader.open_store(db) as store:
        found = reader.run_of(store, run)
        verified = {
            machine.instance_id: patch
            for machine, patch in patches_of(store, db, found, arm, last=False)
            if patch
        }
    if not verified:
        typer.echo(f"No instance of run {found.id} is verified: nothing to write.", err=True)
        return
    names = file_names(list(verified))
    make_folder(out, force=force)
    for instance_id, patch in verified.items():
        write(out / names[instance_id], patch)
    typer.echo(f"{out}: {len(verified)} patches", err=True)


def certificates(
    run: RunId = None,
    *,
    out: OutFolder,
    force: Force = False,
    arm: Arm = None,
    config: ConfigFile = None,
    db: Db = DEFAULT_DB,
) -> None:
    """Write a certificate of each verified instance as <instance_id>.json, for `verify`.

    Signed where the setting certificate_key names a key.
    """
    from stillwater.certificates import keys, writing

    file = configuration.load(None, config).certificate_key
    signer = keys.signer(Path(file)) if file else None
    with reader.open_store(db) as store:
        found = reader.run_of(store, run)
        made = {
            machine.instance_id: writing.certificate(store, found, machine, patch, signer)
            for machine, patch in patches_of(store, db, found, arm, last=False)
            if patch
        }
    if not made:
        typer.echo(f"No instance of run {found.id} is verified: nothing to write.", err=True)
        return
    names = file_names(list(made), ".json")
    make_folder(out, force=force)
    for instance_id, content in made.items():
        write(out / names[instance_id], content)
    who = f"signed by the key {signer.public_key.keyid}" if signer else UNSIGNED
    typer.echo(f"{out}: {len(made)} certificates, {who}", err=True)


def file_names(instance_ids: Sequence[str], suffix: str = ".patch") -> Mapping[str, str]:
    """A file name for each instance that no id can make leave the folder, hide or collide."""
    names: dict[str, str] = {}
    # Case folded, for file systems that don't tell A from a.
    taken: set[str] = set()
    for instance_id in instance_ids:
        stem = re.sub(r"[^A-Za-z0-9._-]", "_", instance_id).lstrip(".")[:120] or "_"
        if stem.casefold() in taken:
            stem = f"{stem}-{digest(instance_id.encode())[:12]}"
        taken.add(stem.casefold())
        names[instance_id] = f"{stem}{suffix}"
    return names


def write(path: Path, content: bytes) -> None:
    """Write the file whole or not at all; a pipe or device is simply written to."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        target = path.resolve()
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror or error}") from error


def make_folder(out: Path, *, force: bool) -> None:
    """Make the folder; InputError if it can't be, or holds something and isn't forced."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not force and any(out.iterdir()):
            raise InputError(
                f"{out} is not empty: give another folder, or --force to write into it"
            )
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror or error}") from error
