"""The kinds of change, by what they change: each module registers its makers.

`comparisons`; `operators` booleans, arithmetic; `values` constants and bounds; `names` wrong names,
`arguments` wrong ones; `calls` missing calls and options; `guards` None, empty, mutable defaults;
`types` exceptions and isinstance; `returns` what comes back; `statements` order, indentation,
jumps; `terms` parts missing or too many; `conditions` one more term; `copies` what the code does
right elsewhere.
"""

from collections.abc import Iterator

from stillwater.models.builtin.clues import Clues
from stillwater.models.builtin.mutation import MAKERS, Mutation, Site
from stillwater.models.builtin.mutations import (
    arguments,
    calls,
    comparisons,
    conditions,
    copies,
    guards,
    names,
    operators,
    returns,
    statements,
    terms,
    types,
    values,
)
from stillwater.models.builtin.source import Unit

__all__ = [
    "arguments",
    "calls",
    "comparisons",
    "conditions",
    "copies",
    "guards",
    "names",
    "of_unit",
    "operators",
    "returns",
    "statements",
    "terms",
    "types",
    "values",
]


def of_unit(unit: Unit, clues: Clues) -> Iterator[Mutation]:
    """All mutations of a unit that stay within it, in the order of its tree."""
    first, last = unit.lines
    for node in unit.nodes:
        for maker in MAKERS.get(type(node), ()):
            for mutation in maker(Site(unit, node, clues)):
                start, end = mutation.touched
                if first <= start and end <= last + 1:
                    yield mutation
