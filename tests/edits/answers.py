"""Answers in the format that is asked for, and what they make of files."""

from collections.abc import Mapping

import pytest

from stillwater.edits import Applied, EditError, apply, read

PATH = "shop/shop.py"


def answer(code: str, lines: str = "", reasoning: str = "x", path: str = PATH) -> str:
    """One block of an answer; without LINES where none are given."""
    stated = f"LINES: {lines}\n" if lines else ""
    return f"FILE: {path}\n{stated}REASONING: {reasoning}\n```python\n{code}\n```\n"


def applied(text: str, files: Mapping[str, str] | str) -> Applied:
    """What the answer makes of the files, or of the one file."""
    known = {PATH: files} if isinstance(files, str) else files
    reading = read(text)
    assert reading.problem is None, reading.problem
    return apply(reading.edits, known, shown=list(known))


def becomes(text: str, base: str) -> str:
    """The new text of the one file."""
    return applied(text, base).files[PATH]


def refusal(text: str, base: str) -> str:
    """The sentence that refuses the answer, whoever says it."""
    reading = read(text)
    if reading.problem:
        return reading.problem
    with pytest.raises(EditError) as caught:
        apply(reading.edits, {PATH: base}, shown=[PATH])
    return str(caught.value)
