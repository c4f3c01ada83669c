"""`stillwater fix`: the same machine on one's own git repository."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from stillwater import own, plans, runs, worktree
from stillwater.cli import watch
from stillwater.cli.options import (
    Attempts,
    ConfigFile,
    Feedback,
    Model,
    SandboxKind,
    Set,
    Verbose,
)
from stillwater.cli.plain import console, program, warn
from stillwater.cli.run import again, notice, settings_of
from stillwater.errors import InputError
from stillwater.machine import ANSWERED, Event
from stillwater.sandbox import choose
from stillwater.sandbox.protocol import Sandbox
from stillwater.store import Store, queries
from stillwater.telling.text import one_line, printable

NOT_REPAIRED = 1
WIDEST = 300


def command(
    test: Annotated[str, typer.Option("--test", help="The command whose tests fail.")],
    repo: Annotated[Path, typer.Option("--repo", help="The git repository.")] = Path(),
    issue: Annotated[
        str | None, typer.Option("--issue", help="A file that describes the bug, or - for stdin.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the verified patch to the work tree.")
    ] = False,
    model: Model = None,
    attempts: Attempts = None,
    feedback: Feedback = None,
    sandbox: SandboxKind = None,
    assignments: Set = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
) -> None:
    """Repair one's own repository: prints a patch that makes the failing tests pass."""
    settings = settings_of(model, attempts, feedback, sandbox, assignments, config)
    told = _issue(issue)
    if settings.feedback == "visible" and told is None:
        raise InputError(
            "feedback = visible hides the failing tests from the model: describe the bug with "
            "--issue FILE"
        )
    if sandbox is None and settings.sandbox == "auto":
        # The project's dependencies are installed here, not in an image.
        settings = settings.model_copy(update={"sandbox": "local"})
    home = own.home_of(repo)
    place = runs.Place(home / "stillwater.db", certificate_key=settings.certificate_key)
    with runs.opened(place) as store:
        frozen = worktree.freeze(repo, home)
        path = os.environ.get("PATH")
        walled, _ = choose(settings.sandbox, place.folder, settings.docker_image, place.label, path)
        for path_left_out in frozen.left_out:
            warn(f"The submodule {path_left_out} is not in the copy that the tests run in.")
        warn(f"Running the tests of {frozen.top.name} …")
        dataset = own.dataset(frozen, told, test, settings, walled, place.folder)
        failing = len(dataset.instances[0].FAIL_TO_PASS)
        warn(f"{failing} failing; repairing …")
        ready = plans.plan(place, dataset, settings, notice, path)
        run_id = plans.create(store, ready)
        patch = _drive(place, store, run_id, walled, config, verbose=verbose)
        past = store.history(store.machines(run_id)[0].id)
        tried = sum(one.event in ANSWERED for one in past)
        reason = one_line(str(past[-1].evidence.get("reason")), WIDEST)
    if patch is None:
        see = f"{program()} show {dataset.instances[0].instance_id} --db {place.db}"
        if not tried:
            raise InputError(f"No attempt was made: {reason}. See: {see}")
        many = "attempt" if tried == 1 else "attempts"
        why = f", then {reason}" if past[-1].event is Event.ABORT else ""
        warn(f"Not repaired in {tried} {many} by {ready.model}{why}. What was tried: {see}")
        raise typer.Exit(NOT_REPAIRED)
    # `git apply` must get every byte; a terminal would obey some of them.
    print(printable(patch) if sys.stdout.isatty() else patch, end="")
    if apply:
        worktree.apply(frozen, patch)
        warn(f"Applied to {frozen.top}.")
    else:
        warn("Verified. Add --apply, or pipe this into `git apply`.")


def _issue(issue: str | None) -> str | None:
    if issue is None:
        return None
    if issue == "-":
        return _text(sys.stdin.buffer.read(), issue)
    try:
        return _text(Path(issue).read_bytes(), issue)
    except OSError as error:
        raise InputError(f"--issue {issue}: can't be read: {error.strerror}") from error


def _text(content: bytes, name: str) -> str:
    try:
        told = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"--issue {name}: it is no UTF-8 text") from error
    if not told.strip():
        raise InputError(f"--issue {name}: it is empty: describe the bug, or leave --issue out")
    return told


def _drive(
    place: runs.Place,
    store: Store,
    run_id: str,
    sandbox: Sandbox,
    config: Path | None,
    *,
    verbose: bool,
) -> str | None:
    stopped = watch.drive(place, store, run_id, sandbox, console(sys.stderr), verbose)
    if stopped.exit_code is not None:
        warn(f"Stopped; your repository is untouched. Go on with: {again(place, run_id, config)}")
        watch.leave(stopped.exit_code)
    found = queries.outcomes(place.db, run_id)[0]
    if found.patch_sha256 is None:
        return None
    return store.artifact(found.patch_sha256).decode()
