"""The ids that unittest and Django give their tests."""

import re
from typing import NamedTuple

_CASE = re.compile(r"(\w+) \(([\w.]+)\)")


class Case(NamedTuple):
    """A test method: its module, with dots and "" where none is told, its class and its name."""

    module: str
    owner: str
    name: str


def case(test: str) -> Case | None:
    """The method that `test_x (a.b.T)` or `test_x (a.b.T.test_x)` names, None for another id."""
    found = _CASE.fullmatch(test)
    if not found:
        return None
    name, home = found.groups()
    module, _, owner = home.removesuffix(f".{name}").rpartition(".")
    return Case(module, owner, name)
