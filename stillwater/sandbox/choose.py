"""Which sandbox it is to be, and why not another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from stillwater.errors import InputError
from stillwater.sandbox import engine, images
from stillwater.sandbox.docker import DockerSandbox
from stillwater.sandbox.local import LocalSandbox
from stillwater.sandbox.protocol import Sandbox, SandboxError
from stillwater.sandbox.shelf import Shelf

Kind = Literal["auto", "docker", "local"]


def choose(
    kind: Kind,
    home: Path,
    image: str,
    label: str,
    path: str | None = None,
    *,
    shelf: Shelf | None = None,
    spares: bool = True,
    needs_image: bool = True,
    private: Sequence[Path] = (),
) -> tuple[Sandbox, str | None]:
    """The sandbox, and for `auto` without docker a sentence that says why it is the local one.

    Where all jobs bring images of their own, `image` isn't needed, nor pulled. `private` are
    folders of other databases, which no job may read either.

    Raises InputError when docker was asked for and no engine answers.
    """
    if kind == "local":
        return LocalSandbox(home, path, private=private), None
    silence = engine.engine_answers()
    if kind == "docker":
        if silence is not None:
            raise InputError(
                f"{silence} Start Docker, or set DOCKER_HOST, or choose the local sandbox."
            )
        return DockerSandbox(home, image, label, shelf=shelf, spares=spares), None
    if silence is None and needs_image:
        try:
            with engine.connect() as client:
                images.pull(client, image)
        except SandboxError as error:
            silence = str(error)
    if silence is None:
        return DockerSandbox(home, image, label, shelf=shelf, spares=spares), None
    return LocalSandbox(home, path, private=private), f"Tests run in the local sandbox: {silence}"
