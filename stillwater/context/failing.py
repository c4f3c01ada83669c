"""The source of the failing tests: what must pass says more than its name and its last line.

Only for feedback = "tests"; nothing else may show a test that the fix brings along.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stillwater.edits.syntax import Definition, definitions, parse
from stillwater.prompt import lines_of

_UNITTEST = re.compile(r"(\w+) \(([\w.]+)\)")
_SET_UP = frozenset({"setUp", "setUpClass", "setUpTestData", "setup_method", "setup_class"})
_MOST_TESTS = 3
_LONGEST = 40
_LONGEST_HELP = 12
"""Lines of a test, and of a fixture or setUp that comes along with it."""


@dataclass(frozen=True)
class _Wanted:
    """A test as its id names it: perhaps its file, its name, and perhaps its class."""

    path: str
    label: str

    @property
    def name(self) -> str:
        return self.label.rpartition(".")[2]


def named(test: str) -> str:
    """The path that a test id names, or how that path ends; "" where it names none."""
    return _wanted(test).path


def source_of_tests(tests: Sequence[str], texts: Mapping[str, str], limit: int = 2400) -> str:
    """The first of these tests, as the prompt shows them: at most `limit` characters.

    `tests` are ids as pytest, unittest and Django write them; `texts` are the files, by path, that
    may hold them. With each test comes what it is set up by in its file. A test that is longer than
    can be shown says how much of it is missing. "" where none is found.
    """
    found: dict[tuple[str, int, int], str] = {}
    for test in tests:
        wanted = _wanted(test)
        for path, text in texts.items():
            if not path.endswith(wanted.path):
                continue
            parts = dict(_shown(path, text, wanted))
            found |= {place: part for place, part in parts.items() if place not in found}
            if parts:
                break
        if len(found) >= _MOST_TESTS:
            break
    told = ""
    for part in found.values():
        if len(told) + len(part) > limit:
            break
        told += part
    return told.strip()


def _wanted(test: str) -> _Wanted:
    if "::" in test:
        path, *names = test.split("::")
        return _Wanted(path, ".".join(names).partition("[")[0])
    if found := _UNITTEST.fullmatch(test):
        name, home = found.groups()
        module, _, owner = home.removesuffix(f".{name}").rpartition(".")
        path = module.replace(".", "/") + ".py" if module else ""
        return _Wanted(path, f"{owner}.{name}")
    return _Wanted("", test if test.isidentifier() else "")


def _shown(path: str, text: str, wanted: _Wanted) -> Iterator[tuple[tuple[str, int, int], str]]:
    tree = parse(text)
    if tree is None or not wanted.label:
        return
    known = definitions(tree)
    test = _match(known, wanted)
    if test is None:
        return
    lines = lines_of(text)
    for one in [*_set_up(known, test), test]:
        part = lines[one.first - 1 : one.last]
        left = len(part) - _LONGEST
        if left > 0:
            part = [*part[:_LONGEST], f"# … {left} more lines"]
        code = "\n".join(part)
        yield (
            (path, one.first, one.last),
            f"### {path}, lines {one.first}-{one.last}\n```python\n{code}\n```\n\n",
        )


def _match(known: Sequence[Definition], wanted: _Wanted) -> Definition | None:
    """The test itself, or the method of that name that its class has from another one."""
    exact = [one for one in known if one.label == wanted.label]
    same = [one for one in known if one.name == wanted.name]
    return next(iter([*exact, *same]), None)


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
