"""Edits of real functions, damaged in the ways of small models, come out as they were meant."""

import ast
import configparser
import inspect
import shlex
import textwrap
from functools import cache
from types import ModuleType

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwater.edits import apply, read
from stillwater.edits.syntax import Definition, definitions, parse

MODULES = (textwrap, configparser, shlex)
PATH = "pkg/module.py"
DAMAGE = ("none", "fence lost", "numbers copied", "lines off", "indentation lost", "first line's")


@cache
def functions(module: ModuleType) -> tuple[str, tuple[tuple[Definition, ast.stmt], ...]]:
    """The module's text, and each of its functions with each statement that can be changed."""
    text = inspect.getsource(module)
    tree = parse(text)
    assert tree is not None
    lines = text.split("\n")
    places = [
        (one, node)
        for one in definitions(tree)
        if not isinstance(one.node, ast.ClassDef)
        for node in ast.walk(one.node)
        if isinstance(node, ast.Return | ast.Assign | ast.If | ast.Raise)
        and not lines[node.lineno - 1][: node.col_offset].strip()
        and not lines[node.lineno - 1].lstrip().startswith("elif")
    ]
    return text, tuple(places)


@given(st.data())
@settings(max_examples=150)
def test_an_edit_comes_out_as_meant(data: st.DataObject) -> None:
    text, places = functions(data.draw(st.sampled_from(MODULES)))
    one, node = data.draw(st.sampled_from(places))
    damage = data.draw(st.sampled_from(DAMAGE))
    path = data.draw(st.sampled_from([PATH, f"./{PATH}", f"b/{PATH}", f"`{PATH}`", f"x/{PATH}"]))
    off = data.draw(st.integers(-3, 3)) if damage == "lines off" else 0
    lines = text.split("\n")
    lines.insert(node.lineno - 1, " " * node.col_offset + "changed = True")
    meant = "\n".join(lines)

    code = "\n".join(lines[one.first - 1 : one.last + 1])
    if damage == "indentation lost":
        code = textwrap.dedent(code)
    if damage == "first line's":
        code = code.strip()
    if damage == "numbers copied":
        rows = enumerate(code.split("\n"), one.first)
        code = "\n".join(f"{number:>4}|{row}" for number, row in rows)
    if damage != "fence lost":
        code = f"```python\n{code}\n```"
    answer = f"FILE: {path}\nLINES: {one.first + off}-{one.last + off}\nREASONING: x.\n{code}\n"

    reading = read(answer)
    applied = apply(reading.edits, {PATH: text, "pkg/other.py": text})

    assert dict(applied.files) == {PATH: meant}
