"""Directed graphs of names."""

from __future__ import annotations

from collections.abc import Iterable

from depgraph.errors import CycleError


class Graph:
    """Who needs whom."""

    def __init__(self) -> None:
        self._edges: dict[str, set[str]] = {}

    def add(self, name: str, needs: Iterable[str] = ()) -> None:
        """Add a node, and edges to what it needs."""
        edges = self._edges.setdefault(name, set())
        for other in needs:
            edges.add(other)
            self._edges.setdefault(other, set())

    def __contains__(self, name: str) -> bool:
        return name in self._edges

    def needs(self, name: str) -> list[str]:
        """Direct needs, sorted."""
        return sorted(self._edges[name])

    def needed_by(self, name: str) -> list[str]:
        """Those that directly need a name, sorted."""
        return sorted(other for other, needs in self._edges.items() if name in needs)

    def reachable(self, name: str, seen: set[str] | None = None) -> set[str]:
        """Everything a name needs, directly or not; the name itself only in a cycle."""
        if seen is None:
            seen = set()
        for other in self._edges[name]:
            if other not in seen:
                seen.add(other)
                self.reachable(other, seen)
        return seen

    def order(self) -> list[str]:
        """Every name after all it needs; otherwise by alphabet. Raises CycleError."""
        done: list[str] = []
        finished: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in finished:
                return
            if name in path:
                raise CycleError((*path[path.index(name) :], name))
            for other in self.needs(name):
                visit(other, (*path, name))
            finished.add(name)
            done.append(name)

        for name in sorted(self._edges):
            visit(name, ())
        return done
