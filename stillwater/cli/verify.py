"""`stillwater verify`: whether a certificate holds on this machine, or a rung of a run."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from stillwater.cli import rung
from stillwater.cli.options import ConfigFile, SandboxKind, Set
from stillwater.cli.plain import warn
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.cli.run import settings_of
from stillwater.config import Config
from stillwater.errors import InputError
from stillwater.telling.results import FEEDBACK_NOTES
from stillwater.telling.text import one_line

if TYPE_CHECKING:
    from stillwater.certificates.check import Verdict
    from stillwater.certificates.reading import Certificate
    from stillwater.datasets import Instance
    from stillwater.sandbox import Sandbox

DOES_NOT_HOLD = 1
FAMILY = "verify"
"""How the labels of its containers begin: those of one that was killed are found by it."""
LINE = 1000


def command(
    target: Annotated[
        str | None,
        typer.Argument(metavar="FILE.json|RUN", help="A certificate; with --rung a run's id."),
    ] = None,
    *,
    repo: Annotated[
        str | None, typer.Option("--repo", help="The repository, where it isn't as certified.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Whose signature it must have, in PEM.")
    ] = None,
    sandbox: SandboxKind = None,
    assignments: Set = None,
    config: ConfigFile = None,
    number: Annotated[
        int | None, typer.Option("--rung", help=f"Of a run: {rung.NAMES}, each above the other.")
    ] = None,
    arm: rung.Arm = None,
    baseline: rung.Baseline = None,
    sample: rung.Sample = None,
    seed: rung.Seed = None,
    at_least: rung.AtLeast = None,
    out: rung.Out = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="What a rung found, as one JSON object.")
    ] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Verify a certificate: apply its patch and run its tests here, without any database.

    With --rung: check a run, the newest without RUN, and write into its database what was found.
    Exit code 0: it holds; 1: it doesn't, or couldn't be decided; 2: it can't be asked so.
    """
    options = rung.Options(arm, baseline, sample, seed, at_least, out)
    with _in_order():
        if number is not None:
            _refuse({"--repo": repo, "--public-key": public_key}, "certificates, not for rungs")
            _refuse({"--sandbox": sandbox, "--set": assignments}, "certificates, not for rungs")
            rung.climb(target, number, options, db, config, as_json=as_json)
            return
        _refuse(options.given() | {"--json": as_json or None}, "rungs: give --rung too")
        file = _file(target)
        settings = settings_of(None, None, None, sandbox, assignments, config)
        _certificate(file, repo, public_key, settings)


def _refuse(options: Mapping[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise InputError(f"{name} is for {why}")


def _file(target: str | None) -> Path:
    if target is None:
        raise InputError("give a certificate of `export certificates`, or a rung: --rung 641")
    if not Path(target).is_file():
        raise InputError(
            f"{target}: no such file; give a certificate of `export certificates`, or with a "
            "run's id a rung: --rung 641"
        )
    return Path(target)


@contextmanager
def _in_order() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(signum: int, _: FrameType | None) -> NoReturn:
    """End in order: the clone and the containers go."""
    sys.exit(128 + signum)


def _certificate(file: Path, repo: str | None, public_key: Path | None, settings: Config) -> None:
    from stillwater.certificates import keys, reading

    key = keys.public(public_key) if public_key else None
    found = reading.read(file)
    if found.changed:
        _no(found.changed)
    signature = reading.signature(found, key)
    if not signature.holds:
        _no(signature.told)
    for line in (_claim(found), FEEDBACK_NOTES[found.facts.feedback], signature.told):
        _say(line)
    verdict = _run(found, repo, settings)
    certified = found.facts.environment.digest
    if certified and verdict.image and certified != verdict.image:
        _say(f"The image here is {verdict.image}; it was certified in {certified}.")
    if not verdict.holds:
        _no(verdict.why)
    _say(f"Yes: {verdict.why}.")


def _claim(found: "Certificate") -> str:
    facts = found.facts
    return (
        f"{found.instance.instance_id}: repaired by {facts.models[-1].name} at attempt "
        f"{facts.attempts.made} of {facts.attempts.allowed}, arm {facts.arm}; "
        f"head {facts.chain.id} {facts.chain.sha256}"
    )


def _run(found: "Certificate", repo: str | None, settings: Config) -> "Verdict":
    from stillwater import preflight
    from stillwater.certificates.check import check, located
    from stillwater.models.client import LitellmClient
    from stillwater.own import is_own
    from stillwater.repository import Repositories
    from stillwater.sandbox import scratch
    from stillwater.steps.tools import Tools

    with scratch.folder("verify") as home:
        instance = located(found, repo, home)
        repositories = Repositories(home, settings.repo_url)
        preflight.check_instances((instance,), repositories)
        mine = is_own(instance) and repo is not None and Path(repo).is_dir()
        with _sandbox(found, instance, settings, home, mine=mine) as sandbox:
            preflight.check_sandbox((instance,), sandbox.kind)
            place = instance.image if instance.runs_in_image else repo or instance.repo_url
            warn(
                one_line(
                    f"Running the tests of {instance.base_commit[:12]} of {place} in the "
                    f"{sandbox.kind} sandbox, without the patch and with it …",
                    LINE,
                )
            )
            tools = Tools(repositories, sandbox, LitellmClient(None, None))
            return check(found, instance, tools, settings)


@contextmanager
def _sandbox(
    found: "Certificate", instance: "Instance", settings: Config, home: Path, *, mine: bool
) -> Iterator["Sandbox"]:
    """The sandbox asked for; unasked, the local one for a person's own work tree (`mine`).

    What a stranger's setup_command does, with the network, is never done there unasked.
    """
    from stillwater.sandbox import brief, choose, scratch

    alike = mine and settings.sandbox == "auto" and not instance.setup_command
    kind = "local" if alike else settings.sandbox
    certified = found.facts.environment
    image = settings.docker_image if instance.runs_in_image else certified.image
    path = os.environ.get("PATH") if mine else None
    family, needed = f"{FAMILY}-{scratch.here()}", not instance.runs_in_image
    label = f"{family}-{scratch.unique()}"
    sandbox, why = choose(
        kind, home, image or settings.docker_image, label, path, needs_image=needed
    )
    if why:
        warn(why)
    with brief(sandbox, family):
        yield sandbox


def _say(text: str) -> None:
    typer.echo(one_line(text, LINE))


def _no(why: str) -> NoReturn:
    _say(f"No: {why}.")
    raise typer.Exit(DOES_NOT_HOLD)
