"""`stillwater images`: what images a run needs, having them, and getting rid of them."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillwater import config as configuration
from stillwater import datasets, runs
from stillwater.cli.plain import console, warn
from stillwater.cli.reader import DEFAULT_DB, Db
from stillwater.errors import InputError
from stillwater.telling.text import one_line
from stillwater.where import Database

if TYPE_CHECKING:
    from docker import DockerClient

    from stillwater.sandbox.shelf import Shelf

Dataset = Annotated[str, typer.Argument(help="As for `stillwater run`.")]
Ids = Annotated[list[str] | None, typer.Option("--instance", help="Only these; wildcards too.")]
Repos = Annotated[list[str] | None, typer.Option("--repo", help="Only of OWNER/NAME.")]
Shuffle = Annotated[int | None, typer.Option("--shuffle", metavar="SEED")]
Part = Annotated[str | None, typer.Option("--slice", help="A:B, as in Python.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most N instances.")]
Split = Annotated[str, typer.Option("--split", help="Which split of a hub dataset.")]
MIB = 1 << 20


def plan(
    dataset: Dataset,
    instance: Ids = None,
    repo: Repos = None,
    shuffle: Shuffle = None,
    part: Part = None,
    limit: Limit = None,
    split: Split = "test",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say which images the instances need, which are here, how large they are, what is free."""
    from stillwater.sandbox import images

    wanted = datasets.Selection(instance or (), repo or (), shuffle, part, limit)
    needed = _needed(dataset, split, wanted)
    with _engine() as client:
        sizes = {
            name: int(client.images.get(name).attrs["Size"])
            if images.exists(client, name)
            else None
            for name in needed
        }
        free = _free(client)
    here = [size for size in sizes.values() if size is not None]
    missing = len(sizes) - len(here)
    mean = sum(here) // len(here) if here else None
    expected = None if mean is None else mean * missing
    found = {
        "images": sizes,
        "here": len(here),
        "missing": missing,
        "bytes_here": sum(here),
        "bytes_expected": expected,
        "bytes_free": free,
        "fits": _fits(missing, expected, free),
    }
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for name, size in sizes.items():
        print(f"{'not here' if size is None else _mib(size):>12}  {one_line(name)}")
    print(f"\n{len(sizes)} images: {len(here)} here ({_mib(sum(here))}), {missing} to pull.")
    if missing:
        told = "of unknown size" if expected is None else f"{_mib(expected)}, if like the others"
        room = "unknown" if free is None else _mib(free)
        print(f"To pull: {told}. Free where the engine keeps its images: {room}.")
    print(f"Does it fit: {found['fits']}.")


def pull(
    dataset: Dataset,
    instance: Ids = None,
    repo: Repos = None,
    shuffle: Shuffle = None,
    part: Part = None,
    limit: Limit = None,
    split: Split = "test",
    db: Db = DEFAULT_DB,
) -> None:
    """Pull the images that the instances need; goes on past those that can't be had."""
    from stillwater.sandbox import SandboxError, images

    wanted = datasets.Selection(instance or (), repo or (), shuffle, part, limit)
    needed = _needed(dataset, split, wanted)
    failed = []
    with _engine() as client:
        shelf = _shelf(db)
        for number, name in enumerate(needed, 1):
            console().print(f"{number}/{len(needed)}  {one_line(name)}")
            try:
                with shelf.held(client, name):
                    pass
            except SandboxError as error:
                failed.append(name)
                warn(f"  {error}")
        here = sum(images.exists(client, name) for name in needed)
    print(f"{here} of {len(needed)} images are here.")
    if here + len(failed) < len(needed):
        warn("The others had to go again: image_budget doesn't hold them all.")
    if here < len(needed):
        raise typer.Exit(1)


def prune(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    db: Db = DEFAULT_DB,
) -> None:
    """Remove what Stillwater pulled for instances, and built, but for what containers use."""
    with _engine() as client, _quiet(db, dry_run=dry_run):
        shelf = _shelf(db)
        doomed = [*shelf.pulled(), *_built(client)]
        for name in doomed:
            print(one_line(name))
        if not doomed:
            print("Nothing to remove: Stillwater has pulled and built no image.")
            return
        if dry_run or not (yes or typer.confirm(f"Remove these {len(doomed)} images?")):
            return
        removed = sum(shelf.remove(client, name) for name in doomed)
    print(f"{removed} of {len(doomed)} removed.")


def build(
    repo: Annotated[Path, typer.Option("--repo", help="A git repository.", file_okay=False)],
    setup: Annotated[str | None, typer.Option("--setup", help="Run once in the base.")] = None,
    dockerfile: Annotated[
        Path | None, typer.Option("--dockerfile", help="Instead: builds the base image.")
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="The image to start from.")] = None,
    commit: Annotated[str, typer.Option("--commit", help="Of the repository.")] = "HEAD",
    db: Db = DEFAULT_DB,
) -> None:
    """Make the image that the tests of one's own repository run in, once for each commit."""
    from stillwater import building

    if (setup is None) == (dockerfile is None):
        raise InputError("stillwater images build: give either --setup or --dockerfile")
    place = runs.Place(db)
    settings = configuration.load()
    with _engine():
        pass
    made = building.build(
        place.folder, place.label, repo, commit,
        base=base or settings.docker_image, setup=setup, dockerfile=dockerfile,
        seconds=settings.setup_timeout,
    )  # fmt: skip
    print(made)


def _needed(dataset: str, split: str, wanted: datasets.Selection) -> Sequence[str]:
    chosen = datasets.select(datasets.load(dataset, split), wanted)
    return list(dict.fromkeys(i.image for i in chosen.instances if i.runs_in_image and i.image))


@contextmanager
def _engine() -> "Iterator[DockerClient]":
    from stillwater.sandbox import engine, engine_answers

    silence = engine_answers()
    if silence is not None:
        raise InputError(f"{silence} Images need one: start Docker, or set DOCKER_HOST.")
    with engine.connect() as client:
        yield client


def _shelf(db: Database) -> "Shelf":
    from stillwater.sandbox.shelf import Shelf

    return Shelf(runs.Place(db).folder, configuration.load().image_budget)


@contextmanager
def _quiet(db: Database, *, dry_run: bool) -> Iterator[None]:
    """While no run is in progress on the database: its lease is held."""
    if dry_run or (isinstance(db, Path) and not db.exists()):
        yield
        return
    with runs.opened(runs.Place(db), "images prune"):
        yield


def _built(client: "DockerClient") -> list[str]:
    from stillwater.sandbox.docker import ENVIRONMENTS

    return [tag for image in client.images.list(ENVIRONMENTS) for tag in image.tags]


def _free(client: "DockerClient") -> int | None:
    """Bytes that are free where the engine keeps its images, if that is on this machine."""
    try:
        return shutil.disk_usage(str(client.info()["DockerRootDir"])).free
    except OSError:
        return None


def _fits(missing: int, expected: int | None, free: int | None) -> str:
    if not missing:
        return "yes"
    if expected is None or free is None:
        return "unknown"
    return "yes" if expected < free else "no"


def _mib(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
