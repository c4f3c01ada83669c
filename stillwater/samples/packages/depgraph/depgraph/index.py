"""What there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from depgraph.requirement import Requirement, normalise
from depgraph.version import Version


class Index:
    """Packages, their versions, and what each of these requires."""

    def __init__(self) -> None:
        self._packages: dict[str, dict[Version, list[Requirement]]] = {}

    def add(self, name: str, version: str, requires: Iterable[str] = ()) -> None:
        """Offer one version of a package."""
        versions = self._packages.setdefault(normalise(name), {})
        versions[Version(version)] = [Requirement.parse(text) for text in requires]

    def __contains__(self, name: str) -> bool:
        return normalise(name) in self._packages

    def requires(self, name: str, version: Version) -> list[Requirement]:
        """What a version requires."""
        return self._packages[normalise(name)][version]

    def candidates(self, name: str, requirements: Sequence[Requirement]) -> list[Version]:
        """Versions that fit all requirements, best first; pre-releases after all releases."""
        versions = self._packages.get(normalise(name), {})
        fitting = [v for v in versions if all(r.allows(v) for r in requirements)]
        return sorted(fitting, key=lambda v: (not v.is_prerelease, v), reverse=True)

    def latest(self, requirement: Requirement) -> Version | None:
        """The best version for a requirement, or None."""
        candidates = self.candidates(requirement.name, [requirement])
        return candidates[0] if candidates else None
