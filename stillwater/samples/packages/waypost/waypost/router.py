"""The router."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from waypost.errors import BuildError, MethodNotAllowed, NotFound, RouteError
from waypost.path import clean_path, join, split_target
from waypost.pattern import Pattern
from waypost.query import Query
from waypost.reverse import build

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """A pattern, the methods it answers to, and who answers."""

    pattern: Pattern
    handler: Handler
    methods: frozenset[str]
    name: str | None = None

    def allows(self, method: str) -> bool:
        """True when the route answers to a method; GET includes HEAD."""
        return method in self.methods or (method == "HEAD" and "GET" in self.methods)


@dataclass(frozen=True)
class Match:
    """What was found for a request."""

    handler: Handler
    params: dict[str, Any] = field(default_factory=dict)
    query: Query = field(default_factory=Query)


class Router:
    """Routes, tried from the most literal to the least; equals in order of addition."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._names: dict[str, Route] = {}

    def add(
        self,
        pattern: str,
        handler: Handler,
        methods: Sequence[str] = ("GET",),
        name: str | None = None,
    ) -> None:
        """Add a route; a name can be given only once."""
        upper = frozenset(method.upper() for method in methods)
        self._insert(Route(Pattern(pattern), handler, upper, name))

    def mount(self, prefix: str, other: Router) -> None:
        """Add all routes of another router below a prefix."""
        for route in other._routes:
            below = Pattern(join(prefix, route.pattern.text))
            self._insert(Route(below, route.handler, route.methods, route.name))

    def _insert(self, route: Route) -> None:
        if route.name is not None:
            if route.name in self._names:
                raise RouteError(f"name {route.name!r} is taken")
            self._names[route.name] = route
        self._routes.append(route)
        self._routes.sort(key=lambda r: -r.pattern.weight)

    def match(self, method: str, target: str) -> Match:
        """Find the handler for a request such as ``GET /users/7?tab=posts``."""
        method = method.upper()
        path, query = split_target(target)
        path = clean_path(path)
        allowed: set[str] = set()
        for route in self._routes:
            params = route.pattern.match(path)
            if params is None:
                continue
            if route.allows(method):
                return Match(route.handler, params, Query.parse(query))
            allowed |= route.methods
        if allowed:
            raise MethodNotAllowed(method, allowed)
        raise NotFound(path)

    def url_for(self, name: str, /, **params: Any) -> str:
        """The URL of a named route."""
        if name not in self._names:
            raise BuildError(f"no route is named {name!r}")
        return build(self._names[name].pattern, params)
