"""What can stand in the way of an installation."""

from __future__ import annotations

from collections.abc import Sequence


class DependencyError(Exception):
    """Base of every error of this package."""


class NoVersion(DependencyError):
    """No version of a package fits what is required of it."""


class CycleError(DependencyError):
    """Packages that need one another; ``path`` begins and ends with the same one."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = list(path)
        super().__init__(" -> ".join(self.path))


class LockError(DependencyError):
    """A lock file that cannot be read, or that no longer fits."""
