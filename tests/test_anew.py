"""Asking for a function anew: what is left of the old one, line by line."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.anew import LEFT_OUT, begins, without_body
from stillwater.prompt import ShownFile, Suspected, lines_of

CODE = '''\
import os


@cache
def first(a,
          b=1):
    """What it is for.

    More of it.
    """
    x = a
    return x + b


class Pair:
    def swap(self):
        self.a, self.b = self.b, self.a

    def one_line(self): return 1


def after():
    return 2
'''
FILE = ShownFile("m.py", CODE)
FIRST = Suspected("m.py", "first", 4, 12)
SWAP = Suspected("m.py", "Pair.swap", 16, 17)


def test_decorators_signature_and_docstring_stay() -> None:
    assert begins(FILE, FIRST) == "\n".join(CODE.split("\n")[3:10])
    assert begins(FILE, SWAP) == "    def swap(self):"


def test_the_body_goes_and_no_line_moves() -> None:
    left = lines_of(without_body(FILE, FIRST).content)
    lines = lines_of(CODE)
    assert left[:10] == lines[:10]
    assert left[10:12] == [f"    {LEFT_OUT}", ""]
    assert left[12:] == lines[12:]


def test_a_method_keeps_its_indentation_and_the_file_compiles() -> None:
    left = without_body(FILE, SWAP).content
    assert f"        {LEFT_OUT}" in left
    assert "self.b, self.a" not in left
    ast.parse(left)


@pytest.mark.parametrize(
    "function",
    [
        Suspected("m.py", "Pair.one_line", 19, 19),
        Suspected("m.py", "gone", 16, 18),
        Suspected("m.py", "Pair", 15, 19),
    ],
)
def test_what_has_no_body_of_its_own_lines_stays(function: Suspected) -> None:
    assert without_body(FILE, function) == FILE
    assert begins(FILE, function) == ""


@given(st.text(), st.integers(0, 9), st.integers(0, 9))
def test_no_file_is_too_strange(content: str, first: int, last: int) -> None:
    function = Suspected("m.py", "f", first, last)
    file = ShownFile("m.py", content)
    assert begins(file, function) != "" or without_body(file, function) == file
