"""The images that jobs run in: pulled once, and where tests need it, with pytest added."""

import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stillwater.sandbox.archive import archive
from stillwater.sandbox.containers import ROOT, Task, container, run
from stillwater.sandbox.protocol import Limits, SandboxError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

TOOLS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
TOOLS_FOLDER = "/opt/stillwater/tools"
PROBE = "python -m pytest --version"


def find(client: "DockerClient", image: str) -> str | None:
    """The id of the image, if the engine has it."""
    from docker.errors import ImageNotFound

    try:
        return str(client.images.get(image).id)
    except ImageNotFound:
        return None


def pull(client: "DockerClient", image: str, check: Callable[[], None] = lambda: None) -> str:
    """The id of the image, pulled if it isn't there; SandboxError says what to do if it can't.

    `check` is called at every piece of news of the pull; what it raises ends it.
    """
    from docker.errors import APIError

    found = find(client, image)
    if found is not None:
        return found
    repository, tag = _split(image)
    said = ""
    try:
        for news in client.api.pull(repository, tag=tag, stream=True, decode=True):
            check()
            said = str(news.get("error", ""))
    except APIError as error:
        said = str(error.explanation or error)
    found = find(client, image)
    if said or found is None:
        raise SandboxError(
            f"The image {image} isn't here and can't be pulled ({said or 'it did not come'}):"
            " load it with `docker load`, or name another one."
        )
    return found


def _split(image: str) -> tuple[str, str | None]:
    if "@" in image or ":" not in image.rpartition("/")[2]:
        return image, None if "@" in image else "latest"
    repository, _, tag = image.rpartition(":")
    return repository, tag


def with_pytest(client: "DockerClient", image: str, label: str, cancellation: int) -> str:
    """The image itself if pytest works in it, else one made from it where it does."""
    name = f"stillwater-tools:{_digest(pull(client, image))}"
    if exists(client, name):
        return name
    if _works(client, image, label, cancellation):
        return image
    _add_tools(client, image, name, label)
    if not _works(client, name, label, cancellation):
        client.images.remove(name)
        raise SandboxError(
            f"`{PROBE}` doesn't work in the image {image}, nor with pytest added:"
            " name an image that has Python 3.10 or newer as `python`."
        )
    return name


def _works(client: "DockerClient", image: str, label: str, cancellation: int) -> bool:
    limits = Limits(seconds=60)
    with container(client, Task(image, PROBE, label)) as made:
        return run(made, limits, cancellation).exit_code == 0


def _digest(image_id: str) -> str:
    versions = [f"{name}=={importlib.metadata.version(name)}" for name in TOOLS]
    return hashlib.sha256("\n".join([image_id, *versions]).encode()).hexdigest()[:24]


def _add_tools(client: "DockerClient", image: str, name: str, label: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy_tools(Path(folder))
        bake = Task(image, "true", label, user=ROOT)
        with container(client, bake) as made:
            with archive([(Path(folder), TOOLS_FOLDER[1:])], ROOT) as tar:
                made.put_archive("/", tar)
            commit(made, name, {"PYTHONPATH": TOOLS_FOLDER})


def copy_tools(folder: Path) -> None:
    """Copy pytest, and the little it needs, as they are installed beside Stillwater."""
    folder.chmod(0o755)
    for name in TOOLS:
        for file in importlib.metadata.files(name) or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(os.fspath(file.locate()), target)


def digest(client: "DockerClient", image: str) -> str:
    """What tells the image from every other: its registry's digest, or if it has none, its id.

    Raises docker's ImageNotFound.
    """
    found = client.images.get(image)
    from_registry = sorted(found.attrs.get("RepoDigests") or ())
    return str(from_registry[0].rpartition("@")[2] if from_registry else found.id)


def exists(client: "DockerClient", image: str) -> bool:
    """Whether the engine has it."""
    return find(client, image) is not None


def variables(client: "DockerClient", image: str) -> dict[str, str]:
    """The environment variables that the image sets."""
    pairs = client.images.get(image).attrs["Config"]["Env"] or []
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def commit(made: "Container", name: str, variables: dict[str, str]) -> None:
    """Keep a container as an image of that name, with these variables; its labels stay."""
    repository, _, tag = name.partition(":")
    changes = [f"ENV {key}={value}" for key, value in variables.items()]
    made.commit(repository=repository, tag=tag, changes=changes)
