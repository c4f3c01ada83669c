"""The source of the failing tests: what must pass says more than its name and its last line.

Only for feedback = "tests"; nothing else may show a test that the fix brings along.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from stillwater import testids
from stillwater.edits.syntax import Definition, definitions, parse
from stillwater.prompt import lines_of

_SET_UP = frozenset({"setUp", "setUpClass", "setUpTestData", "setup_method", "setup_class"})
_FRAME = re.compile(r"^([^\s:]+):(\d+): in ", re.MULTILINE)
_MOST_TESTS = 3
_LONGEST = 40
_LONGEST_HELP = 12
"""Lines of a test, and of a fixture or setUp that comes along with it."""
_SHORTEST = 3
"""Fewer lines than these of what is longer tell nobody anything."""


@dataclass(frozen=True)
class _Wanted:
    """A test as its id names it: perhaps its file, its name, and perhaps its class."""

    path: str
    label: str

    @property
    def name(self) -> str:
        return self.label.rpartition(".")[2]


@dataclass(frozen=True)
class _Part:
    """A definition of a file, and which line of the file fails in it, as far as that is known."""

    path: str
    first: int
    lines: Sequence[str]
    fails: int | None

    def shown(self, room: int) -> str:
        """As many of its lines as the room holds, "" where too few would be left."""
        longest = min(_LONGEST, len(self.lines))
        for most in range(longest, min(_SHORTEST, longest) - 1, -1):
            if len(section := self._section(most)) <= room:
                return section
        return ""

    def _section(self, most: int) -> str:
        last = self.first + len(self.lines) - 1
        code = "\n".join(self._some(most))
        return f"### {self.path}, lines {self.first}-{last}\n```python\n{code}\n```\n\n"

    def _some(self, most: int) -> Iterator[str]:
        """At most so many lines: the first, and where a later one fails those that lead to it."""
        end = most if self.fails is None else max(most, self.fails - self.first + 1)
        begins = most if end == most else most // 3
        leading = end - (most - begins)
        yield from self.lines[:begins]
        if leading > begins:
            yield f"# … {leading - begins} lines left out"
        yield from self.lines[leading:end]
        if end < len(self.lines):
            yield f"# … {len(self.lines) - end} more lines"


def is_at(path: str, end: str) -> bool:
    """Whether the path is this one, or ends with it as with whole names of folders."""
    return f"/{path}".endswith(f"/{end}") if end else True


def named(test: str) -> str:
    """The path that a test id names, or how that path ends; "" where it names none."""
    return _wanted(test).path


def source_of_tests(
    tests: Sequence[str], texts: Mapping[str, str], limit: int = 2400, failing: str = ""
) -> str:
    """The first of these tests, as the prompt shows them: at most `limit` characters.

    `tests` are ids as pytest, unittest and Django write them; `texts` are the files, by path, that
    may hold them; `failing` is the distilled log, whose frames say where they fail. With each test
    comes what it is set up by in its file, if there is room. A test that is longer than can be
    shown says how much of it is missing. "" where none is found.
    """
    known = {path: _definitions(text) for path, text in texts.items()}
    every = (found for test in tests if (found := _found(_wanted(test), known)))
    told = dict[tuple[str, int], str]()
    order = list[tuple[str, int]]()
    for path, test in islice(_distinct(every), _MOST_TESTS):
        set_up = _set_up(known[path], test)
        order += [(path, one.first) for one in (*set_up, test)]
        for one in (test, *set_up):
            room = limit - sum(map(len, told.values()))
            if (path, one.first) not in told:
                told[path, one.first] = _part(path, texts[path], one, failing).shown(room)
    return "".join(told[place] for place in dict.fromkeys(order)).strip()


def _distinct(found: Iterable[tuple[str, Definition]]) -> Iterator[tuple[str, Definition]]:
    seen = set[tuple[str, int]]()
    for path, test in found:
        if (path, test.first) not in seen:
            seen.add((path, test.first))
            yield path, test


def _definitions(text: str) -> Sequence[Definition]:
    """The definitions of a text, none where it isn't Python."""
    tree = parse(text)
    return definitions(tree) if tree else ()


def _part(path: str, text: str, one: Definition, failing: str) -> _Part:
    frames = ((home, int(line)) for home, line in _FRAME.findall(failing))
    inside = (n for home, n in frames if is_at(path, home) and one.first <= n <= one.last)
    return _Part(path, one.first, lines_of(text)[one.first - 1 : one.last], next(inside, None))


def _wanted(test: str) -> _Wanted:
    if "::" in test:
        path, *names = test.split("::")
        return _Wanted(path, ".".join(names).partition("[")[0])
    if found := testids.case(test):
        path = found.module.replace(".", "/") + ".py" if found.module else ""
        return _Wanted(path, f"{found.owner}.{found.name}")
    return _Wanted("", test if test.isidentifier() else "")


def _found(
    wanted: _Wanted, known: Mapping[str, Sequence[Definition]]
) -> tuple[str, Definition] | None:
    """The test itself, or the method of that name that its class has from another one."""
    homes = [path for path in known if wanted.label and is_at(path, wanted.path)]
    every = [(path, one) for path in homes for one in known[path]]
    exact = (found for found in every if found[1].label == wanted.label)
    same = (found for found in every if found[1].name == wanted.name)
    return next(chain(exact, same), None)


def _set_up(known: Sequence[Definition], test: Definition) -> list[Definition]:
    owner = test.owners[-1] if test.owners else None
    arguments = getattr(test.node, "args", None)
    asked = {one.arg for one in arguments.args} if arguments else set()
    return [
        one
        for one in known
        if one.last - one.first < _LONGEST_HELP
        and (
            (owner is not None and one.owners[-1:] == (owner,) and one.name in _SET_UP)
            or (not one.owners and one.name in asked)
        )
    ]
