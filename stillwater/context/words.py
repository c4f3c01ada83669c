"""Words of code and prose: identifiers, split by case and underscore."""

import re
import sys
from collections import Counter
from functools import lru_cache

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by can do does for from has have how i if in is it its not of "
        "on or so that the then there this to was we what when which with you self def return "
        "import class none true false else elif try except raise pass lambda yield async await",
    )
)


@lru_cache(maxsize=200_000)
def pieces(name: str) -> tuple[str, ...]:
    """The identifier in lower case and, where it has several, its words."""
    whole = name.strip("_").lower()
    parts = [one.lower() for one in _PIECE.findall(name)]
    found = [whole, *parts] if len(parts) > 1 else [whole]
    return tuple(sys.intern(one) for one in found if len(one) > 1 and one not in _STOP)


def counted(text: str) -> dict[str, int]:
    """How often each of the words occurs."""
    found: dict[str, int] = {}
    for name, count in Counter(_NAME.findall(text)).items():
        for piece in pieces(name):
            found[piece] = found.get(piece, 0) + count
    return found
