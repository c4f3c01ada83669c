"""What can go wrong between a URL and a handler."""

from __future__ import annotations

from collections.abc import Iterable


class RouteError(Exception):
    """Base of every error of this package; also raised for bad patterns."""


class NotFound(RouteError):
    """No pattern fits the path."""


class MethodNotAllowed(RouteError):
    """A pattern fits the path, but not with this method. ``allowed`` says with which."""

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(f"{method} is not one of {', '.join(self.allowed)}")


class BuildError(RouteError):
    """A URL cannot be built from what was given."""
