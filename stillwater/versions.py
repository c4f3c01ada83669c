"""The versions that a run's record names: what its evidence was made with, besides Stillwater."""

import platform
from importlib.metadata import PackageNotFoundError, version

from stillwater.canonical import Json

PACKAGES = ("litellm", "pytest", "swebench")
"""What answers, runs tests or judges them; `swebench` is an extra."""


def versions() -> dict[str, Json]:
    """The version of Python and of each of the packages that is installed."""
    found: dict[str, Json] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
