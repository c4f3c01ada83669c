"""URL routing and query strings without a framework."""

from waypost.errors import BuildError, MethodNotAllowed, NotFound, RouteError
from waypost.path import clean_path, join
from waypost.pattern import Pattern
from waypost.query import Query
from waypost.router import Match, Router

__all__ = [
    "BuildError",
    "Match",
    "MethodNotAllowed",
    "NotFound",
    "Pattern",
    "Query",
    "RouteError",
    "Router",
    "clean_path",
    "join",
]
