"""Choosing one version of each package."""

from __future__ import annotations

from collections.abc import Iterable

from depgraph.errors import NoVersion
from depgraph.graph import Graph
from depgraph.index import Index
from depgraph.requirement import Requirement
from depgraph.version import Version

Choice = dict[str, Version]


def resolve(index: Index, wanted: Iterable[str]) -> Choice:
    """A version for everything that is wanted and whatever that requires, or NoVersion."""
    requirements = [Requirement.parse(text) for text in wanted]
    choice = _search(index, _possible(index, requirements), {})
    if choice is None:
        raise NoVersion(_reason(index, requirements))
    return choice


def _possible(index: Index, requirements: list[Requirement]) -> list[Requirement]:
    """Without the optional ones that no version fits."""
    return [r for r in requirements if not r.optional or index.latest(r) is not None]


def _search(index: Index, requirements: list[Requirement], chosen: Choice) -> Choice | None:
    for requirement in requirements:
        version = chosen.get(requirement.name)
        if version is not None and not requirement.allows(version):
            return None
    name = next((r.name for r in requirements if r.name not in chosen), None)
    if name is None:
        return chosen
    same = [r for r in requirements if r.name == name]
    for version in index.candidates(name, same):
        more = _possible(index, index.requires(name, version))
        found = _search(index, requirements + more, {**chosen, name: version})
        if found is not None:
            return found
    return None


def _reason(index: Index, requirements: list[Requirement]) -> str:
    for requirement in requirements:
        if requirement.name not in index:
            return f"no package {requirement.name!r}"
        if index.latest(requirement) is None:
            return f"no version fits {requirement}"
    return f"no versions fit together: {', '.join(str(r) for r in requirements)}"


def install_order(index: Index, choice: Choice) -> list[str]:
    """The names of a choice, each after what it requires."""
    graph = Graph()
    for name, version in choice.items():
        needs = [r.name for r in index.requires(name, version) if r.name in choice]
        graph.add(name, needs)
    return graph.order()


def outdated(index: Index, choice: Choice) -> dict[str, tuple[Version, Version]]:
    """Packages for which there is a newer version: chosen, newest."""
    found = {}
    for name, version in choice.items():
        newest = index.latest(Requirement(name))
        if newest is not None and newest > version:
            found[name] = (version, newest)
    return found
