"""Which functions are likeliest to hold the bug: those that failing tests call and others don't.

Spectrum-based fault localisation with Ochiai's coefficient (Abreu, Zoeteweij, van Gemund: On the
Accuracy of Spectrum-based Fault Localization, 2007): a function's calls by failing tests over the
root of all failing tests times all tests that call it.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from stillwater import testids
from stillwater.context.facts import Passage, passages
from stillwater.context.files import is_candidate, packages
from stillwater.suspects.calls import Calls

_INSIDE = re.compile(r"__(?:repr|str|format|hash)__$")
"""What the report of a failure calls, not the test."""

_MOST_CALLS = 3


class _Bare(NamedTuple):
    """A test by its class, "" where that isn't known, and its function."""

    owner: str
    function: str


@dataclass(frozen=True)
class Suspect:
    """A function, the lines it takes, how many tests of either kind call it, and its score.

    `calls` are the shortest of those that failing tests made, as `gcd(2, 4) returned 1`.
    """

    path: str
    name: str
    first: int
    last: int
    failing: int
    passing: int
    score: float
    calls: tuple[str, ...] = ()


def suspects(
    calls: Calls, failing: Collection[str], passing: Collection[str], texts: Mapping[str, str]
) -> list[Suspect]:
    """The functions of `texts` that failing tests call, the most suspect first.

    A test that the calls know without its class or values counts for every test of its function.
    """
    failed, passed = _known(calls, failing), _known(calls, passing)
    passed -= failed
    callers: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    made: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for test in failed | passed:
        for place, how in calls[test].items():
            callers[place.path][place.line].add(test)
            if how and test in failed:
                made[place.path][place.line].add(how)
    paths = {place.path for test in failed for place in calls[test]}
    known = packages(texts)
    found = [
        replace(
            _suspect(path, home, len(tests & failed), len(tests & passed), len(failed)),
            calls=_easiest(home, made[path]),
        )
        for path in paths
        if is_candidate(path, known) and path in texts
        for home, tests in _by_home(texts[path], callers[path])
        if tests & failed
    ]
    return sorted(found, key=_order)


def _easiest(home: Passage, made: Mapping[int, set[str]]) -> tuple[str, ...]:
    """The shortest calls of the function itself, not of those within it."""
    begins = home.label.rpartition(".")[2] + "("
    own = {
        how
        for line, calls in made.items()
        if home.first <= line <= home.last
        for how in calls
        if how.startswith(begins)
    }
    return tuple(sorted(own, key=lambda how: (len(how), how))[:_MOST_CALLS])


def _order(one: Suspect) -> tuple[float, int, str, int]:
    """The score; of equals the longest, which has the most room for a bug."""
    return -one.score, one.first - one.last, one.path, one.first


def _suspect(path: str, home: Passage, failing: int, passing: int, failed: int) -> Suspect:
    score = failing / math.sqrt(failed * (failing + passing))
    if _INSIDE.search(home.label):
        score /= 2
    return Suspect(path, home.label, home.first, home.last, failing, passing, round(score, 4))


def _by_home(text: str, callers: Mapping[int, set[str]]) -> Iterator[tuple[Passage, set[str]]]:
    """Each outermost function of a file, and who calls it or one within, repaired as one."""
    end = 0
    for one in passages(text):
        if one.kind != "function" or one.first <= end:
            continue
        end = one.last
        inside = [tests for line, tests in callers.items() if one.first <= line <= end]
        yield one, set().union(*inside)


def _known(calls: Calls, tests: Collection[str]) -> set[str]:
    exact = {test for test in tests if test in calls}
    if exact:
        return exact
    wanted = {_bare(test) for test in tests}
    return {test for test in calls if test and _is_one_of(_bare(test), wanted)}


def _is_one_of(known: _Bare, wanted: Collection[_Bare]) -> bool:
    """Whether it is one of them; where either has no class that may be any."""
    anywhere = _Bare("", known.function)
    if known.owner:
        return known in wanted or anywhere in wanted
    return any(one.function == known.function for one in wanted)


def _bare(test: str) -> _Bare:
    """The class and the function of `a.py::T::test_x[1]`, `test_x (a.T)` and `test_x`."""
    if found := testids.case(test):
        return _Bare(found.owner, found.name)
    *homes, name = re.split(r"[ \[(]", test)[0].split("::")
    return _Bare(homes[-1] if len(homes) > 1 else "", name)
