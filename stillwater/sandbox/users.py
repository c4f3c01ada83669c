"""Whom a job is in a complete image: not root, where the image allows it."""

from typing import TYPE_CHECKING

from stillwater.sandbox.containers import ROOT, Task, container, run
from stillwater.sandbox.layout import TESTBED
from stillwater.sandbox.protocol import Limits, SandboxError

if TYPE_CHECKING:
    from docker import DockerClient

PROBE = (
    f'if [ "$(id -u)" != {ROOT} ] && [ -w {TESTBED} ];'
    f" then echo $(id -u) $(id -g); else stat -c '%u %g' {TESTBED}; fi"
)
LIMITS = Limits(seconds=60)


def user_of(client: "DockerClient", image: str, label: str, cancellation: int) -> tuple[int, int]:
    """The image's own user and group if that can change /testbed, else the owner of /testbed.

    In SWE-bench's images both are root: without its capabilities, any other user could read the
    tree there and not change it. Raises SandboxError, Cancelled.
    """
    with container(client, Task(image, PROBE, label, user=None)) as made:
        said = run(made, LIMITS, cancellation).output
    try:
        user, group = map(int, said.split())
    except ValueError as error:
        printed = said.decode("utf-8", "replace").strip()[-500:]
        raise SandboxError(f"Nobody can tell who works in the image {image}: {printed}") from error
    return user, group
