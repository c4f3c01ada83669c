"""The kinds of change, by what they change: each module registers its makers.

`operators` comparisons, booleans, arithmetic; `values` constants and bounds; `names` wrong names
and arguments; `calls` missing calls and options; `guards` None, empty, mutable defaults;
`types` exceptions and isinstance; `returns` what comes back; `statements` order, indentation,
jumps.
"""

from collections.abc import Iterator

from stillwater.models.builtin.clues import Clues
from stillwater.models.builtin.mutation import MAKERS, Mutation, Site
from stillwater.models.builtin.mutations import (
    calls,
    guards,
    names,
    operators,
    returns,
    statements,
    types,
    values,
)
from stillwater.models.builtin.source import Unit

__all__ = [
    "calls",
    "guards",
    "names",
    "of_unit",
    "operators",
    "returns",
    "statements",
    "types",
    "values",
]


def of_unit(unit: Unit, clues: Clues) -> Iterator[Mutation]:
    """All mutations of a unit, in the order of its tree."""
    for node in unit.nodes:
        for maker in MAKERS.get(type(node), ()):
            yield from maker(Site(unit, node, clues))
