"""Suspects: what a test command tells of its tests' calls, and which functions that accuses."""

import base64
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.suspects import Suspect, suspects, telling, told
from stillwater.suspects.calls import MARK, Place

CODE = """\
import functools


def halve(x):
    return x // 2


def both(x):
    return halve(x)


class Pair:
    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return "Pair"

    @functools.lru_cache
    def wrong(self):
        def inner():
            return self.x + 1
        return inner()


def unused():
    pass
"""
PYTEST = """\
import pytest
from pkg.code import Pair, both

@pytest.fixture
def pair():
    return Pair(3)

@pytest.mark.parametrize("x", [2, 4])
def test_both(x):
    assert both(x) == x // 2

def test_right(pair):
    assert pair.x == 3

def test_wrong(pair):
    assert repr(pair) and pair.wrong() == 3
"""
UNITTEST = """\
import unittest
from pkg.code import Pair, both

class PairTest(unittest.TestCase):
    def test_both(self):
        self.assertEqual(both(2), 1)

    def test_wrong(self):
        self.assertEqual(Pair(3).wrong(), 3)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "code.py").write_text(CODE)
    (tmp_path / "test_pytest.py").write_text(PYTEST)
    (tmp_path / "test_unit.py").write_text(UNITTEST)
    return tmp_path


def run(tree: Path, command: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["sh", "-c", telling(command)],
        cwd=tree,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


COMMANDS = {
    "pytest": (
        "python -m pytest -q test_pytest.py",
        "test_pytest.py::test_wrong",
        ["test_pytest.py::test_right", "test_pytest.py::test_both[2]"],
    ),
    "unittest": (
        "python -m unittest -v test_unit",
        "test_wrong (test_unit.PairTest)",
        ["test_both (test_unit.PairTest)"],
    ),
}


@pytest.mark.parametrize("runner", COMMANDS)
def test_the_function_that_only_the_failing_test_calls_is_accused(tree: Path, runner: str) -> None:
    command, failing, passing = COMMANDS[runner]

    done = run(tree, command)
    found = suspects(told(done.stdout), [failing], passing, {"pkg/code.py": CODE})

    assert done.returncode == 1
    first = found[0]
    assert (first.name, first.first, first.last) == ("Pair.wrong", 19, 23)
    assert (first.failing, first.passing, first.score) == (1, 0, 1.0)
    names = {one.name for one in found}
    assert {"both", "halve", "unused"}.isdisjoint(names)
    assert found[-1].name in {"Pair.__init__", "Pair.__repr__"}


CASES = """\
import unittest
from pkg.code import Pair, both, halve

class Base(unittest.TestCase):
    def setUp(self):
        self.pair = Pair(self.start)

class First(Base):
    start = 3
    def test_basic(self):
        self.assertEqual(self.pair.wrong(), 3)

class Second(Base):
    start = 4
    def test_basic(self):
        self.assertEqual(both(4), 2)

class Sly(unittest.TestCase):
    def __getattribute__(self, name):
        if name == "__dict__":
            raise SystemExit("who asked?")
        return super().__getattribute__(name)

    def test_sly(self):
        halve(9)

def test_basic(x=1):
    halve(x)
"""


def test_tests_of_the_same_name_are_told_from_each_other_by_their_classes(tree: Path) -> None:
    (tree / "test_cases.py").write_text(CASES)

    calls = told(run(tree, "python -m unittest -v test_cases").stdout)

    first, second = (f"test_cases.py::{name}::test_basic" for name in ("First", "Second"))
    code = {
        test: {how for place, how in of.items() if "pkg" in place.path}
        for test, of in calls.items()
    }
    assert code[first] == {"__init__(3) returned None", "wrong() returned 4", "inner() returned 4"}
    assert code[second] == {
        "__init__(4) returned None",
        "both(4) returned 2",
        "halve(4) returned 2",
    }
    assert code["test_cases.py::Sly::test_sly"] == {"halve(9) returned 4"}
    for failing in ("test_basic (test_cases.First)", "test_basic (test_cases.First.test_basic)"):
        passing = [failing.replace("First", "Second")]
        found = suspects(calls, [failing], passing, {"pkg/code.py": CODE})
        assert [(one.name, one.score) for one in found] == [
            ("Pair.wrong", 1.0),
            ("Pair.__init__", 0.7071),
        ]


@pytest.mark.parametrize(
    ("key", "test", "is_known"),
    [
        ("a.py::T::test_x", "test_x (a.T)", True),
        ("a.py::T::test_x", "test_x (a.T.test_x)", True),
        ("a.py::T::test_x", "a.py::T::test_x[1]", True),
        ("a.py::T::test_x", "test_x", True),
        ("a.py::test_x", "test_x (a.T)", True),
        ("a.py::test_x[a::b]", "a.py::test_x", True),
        ("a.py::T::test_x", "test_x (a.U)", False),
        ("a.py::T::test_x", "a.py::U::test_x", False),
        ("a.py::T::test_x", "test_y", False),
    ],
)
def test_a_test_is_known_by_its_class_where_both_have_one(
    key: str, test: str, is_known: bool
) -> None:
    found = suspects({key: {Place("a.py", 4): ""}}, [test], [], {"a.py": CODE})

    assert bool(found) == is_known


def test_what_the_tests_print_and_their_exit_code_stay(tree: Path) -> None:
    done = run(tree, "echo hello; cd pkg && exit 7")

    assert done.returncode == 7
    assert done.stdout.startswith(b"hello\n")
    assert told(done.stdout) == {}
    assert [path.name for path in tree.glob("*calls*")] == []


def test_processes_that_tests_start_are_asked_too(tree: Path) -> None:
    code = "import subprocess, sys\\ndef test_a():\\n"
    code += "    subprocess.run([sys.executable, '-c', 'from pkg.code import both; both(1)'])"

    done = run(tree, f'printf "{code}" >test_a.py; python -m pytest -q test_a.py')

    assert done.returncode == 0
    calls = told(done.stdout)
    assert ("pkg/code.py", 8) in calls["test_a.py::test_a"]


def test_the_repository_s_own_setting_of_the_path_stays(tree: Path) -> None:
    (tree / "lib").mkdir()
    (tree / "lib" / "extra.py").touch()

    code = "import extra, pkg.code as c; c.both(1)"
    for setting in ("PYTHONPATH=lib:.", "PYTHONPATH=lib:$PWD:$PYTHONPATH"):
        done = run(tree, f"{setting} python -c '{code}'")

        assert done.returncode == 0
        assert ("pkg/code.py", 4) in told(done.stdout)[""]


VALUES = """\
def same(*values, **named):
    return values[0] if values else None

def keeps(things, /, more=None, *, key=0):
    things.append(more)
    return things

def fails(x):
    raise ValueError(x)

def counts(x):
    yield x

def down(n):
    return n and down(n - 1)

class Thing:
    def __repr__(self):
        raise SystemExit("who asked?")

    def at(self, x):
        return self
"""
CALLS = {
    "same(1, 2.5, True, None)": "same(1, 2.5, True, None) returned 1",
    "same({'b': [(2,)]}, a='x\\n')": "same({'b': [(2,)]}, a='x\\n') returned {'b': [(2,)]}",
    "same({'b', 'a'}, frozenset(), b'')": "same({'a', 'b'}, frozenset(), b'') returned {'a', 'b'}",
    "same()": "same() returned None",
    "keeps([1], 2, key=3)": "keeps([1], 2, key=3) returned [1, 2]",
    "fails(3)": "fails(3) raised an exception",
    "list(counts(3))": "counts(3)",
    "down(3)": "down(3) returned 0",
    "Thing().at(1)": "at(1) returned <Thing>",
    "same(Thing(), [Thing()])": "same(<Thing>, [<Thing>]) returned <Thing>",
    "same('x' * 1000)": "",
    "same(list(range(10 ** 6)))": "",
    "same(10 ** 5000, -7, 1e300, 10 ** 9)": ("same(<int>, -7, <float>, <int>) returned <int>"),
    "same(12345.678901, 0.1)": "same(<float>, 0.1) returned <float>",
    "import threading; t = threading.Thread(target=same, args=(1,)); t.start(); t.join()": "",
    "same(1) + same(2)": "same(2) returned 2",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_told_with_its_values(tree: Path, call: str) -> None:
    (tree / "values.py").write_text(VALUES)
    (tree / "test_values.py").write_text(f"from values import *\ndef test_a():\n    {call}\n")

    done = run(tree, "python -m pytest -q test_values.py")

    calls = told(done.stdout)["test_values.py::test_a"]
    [how] = [how for place, how in calls.items() if place.path == "values.py"]
    assert how == CALLS[call]


def test_the_easiest_calls_of_failing_tests_are_kept() -> None:
    place, text = Place("a.py", 1), "def f(x):\n    def g():\n        pass\n"
    calls = {
        "t": {place: "f(1000) returned None", Place("a.py", 2): "g() returned None"},
        "u": {place: "f(1) returned None"},
        "v": {place: "f(0) returned None"},
    }

    [one] = suspects(calls, ["t", "u"], ["v"], {"a.py": text})

    assert one.calls == ("f(1) returned None", "f(1000) returned None")


@given(st.binary())
def test_no_log_is_too_strange(log: bytes) -> None:
    assert told(log) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"t": 3}',
        b'{"t": [["a.py"], ["a.py", "1", ""], 5, ["a.py", 1, 2]]}',
        b"[" * 9999,
    ],
)
def test_nonsense_accuses_nobody(content: bytes) -> None:
    packed = base64.b64encode(zlib.compress(content)).decode()
    log = f"{MARK} {packed}\n".encode()

    assert suspects(told(log), ["t"], [], {"a.py": CODE}) == []


def test_a_bomb_is_not_unpacked() -> None:
    packed = base64.b64encode(zlib.compress(b" " * (200 << 20))).decode()

    assert told(f"{MARK} {packed}\n".encode()) == {}


def test_tests_are_never_accused_nor_what_is_not_in_the_repository() -> None:
    paths = ("tests/test_a.py", "gone.py", "pkg/code.py")
    calls = {"t": {Place(path, 4): "" for path in paths}}
    texts = {"tests/test_a.py": CODE, "pkg/code.py": CODE}

    found = suspects(calls, ["t"], [], texts)

    assert found == [Suspect("pkg/code.py", "halve", 4, 5, 1, 0, 1.0)]


def test_functions_of_a_package_that_is_called_build_are_accused() -> None:
    calls = {"t": {Place("src/build/env.py", 4): ""}}
    texts = {"src/build/env.py": CODE, "src/build/__init__.py": ""}

    assert [one.name for one in suspects(calls, ["t"], [], texts)] == ["halve"]
    assert suspects(calls, ["t"], [], {"src/build/env.py": CODE}) == []
