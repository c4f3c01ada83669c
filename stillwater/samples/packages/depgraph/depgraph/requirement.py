"""Requirements such as ``http>=1.4,<2`` and ``json?``."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from depgraph.version import Version

OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "~=": lambda found, bound: bound <= found < bound.next_series(),
}

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)\s*(?P<bounds>[^?]*)(?P<optional>\?)?$")
_BOUND = re.compile(r"(==|!=|>=|<=|~=|>|<)\s*(\S+)$")


def normalise(name: str) -> str:
    """Names ignore case, and ``-``, ``_`` and ``.`` are the same."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Requirement:
    """A package, and the bounds its version must keep."""

    name: str
    bounds: tuple[tuple[str, Version], ...] = ()
    optional: bool = False

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read ``name``, ``name>=1,<2`` or either with a question mark at its end."""
        match = _REQUIREMENT.match(text.strip())
        if match is None:
            raise ValueError(f"not a requirement: {text!r}")
        bounds = []
        for part in filter(None, (part.strip() for part in match["bounds"].split(","))):
            bound = _BOUND.match(part)
            if bound is None:
                raise ValueError(f"not a bound: {part!r} in {text!r}")
            bounds.append((bound[1], Version(bound[2])))
        return cls(normalise(match["name"]), tuple(bounds), match["optional"] is not None)

    def allows(self, version: Version) -> bool:
        """True when the version keeps every bound."""
        return all(OPERATORS[sign](version, bound) for sign, bound in self.bounds)

    def __str__(self) -> str:
        bounds = ",".join(f"{sign}{bound}" for sign, bound in self.bounds)
        return f"{self.name}{bounds}{'?' if self.optional else ''}"
