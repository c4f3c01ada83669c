"""Nothing that a model can answer is too strange or too long."""

import inspect
import textwrap
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.edits import Edit, EditError, apply, read
from tests.hangs import no_hang

REAL = inspect.getsource(textwrap)
PIECES = st.sampled_from(
    [
        "FILE: a.py",
        "LINES: 1-2",
        "REASONING: x",
        "```",
        "```python",
        "~~~",
        "def f():",
        "    x",
        "...",
        "<think>",
        "</think>",
        "  12|x",
        "",
        "@@ -1 +1 @@",
        "--- a/a.py",
        "+++ b/a.py",
        "+x",
        "-x",
        "<<<<<<< SEARCH",
        "=======",
        ">>>>>>> REPLACE",
        "'''",
        "**FILE:** `b.py`",
        "\x00",
        "\ud800",
    ]
)


@given(st.one_of(st.text(max_size=2000), st.lists(PIECES, max_size=40).map("\n".join)))
def test_no_text_is_too_strange_to_read(completion: str) -> None:
    reading = read(completion)

    assert bool(reading.edits) != bool(reading.problem)


LONG_ANSWERS = [
    "`" * 100_000,
    "```\n" * 20_000,
    "```bash\nx\n```\n" * 6_000,
    "```\ndef f(): pass\n```\n" + "```\nf()\n```\n" * 3_000,
    "FILE: a.py\n" * 5_000,
    "a " * 100_000,
    "(" * 100_000,
    "FILE: a.py\n```\n" + "x = (\n" * 20_000,
    "FILE: " + "a/" * 50_000 + ".py",
    "# " * 90_000,
    "FILE: a.py\n```\n" + "'''\n```\n" * 9_000,
    "<think>" * 20_000,
    "  12|" * 20_000,
    "@@ -1 +1 @@\n-x\n+y\n" * 9_000,
    "-x\n+y\n" * 20_000,
    "<<<<<<< SEARCH\nx\n" * 9_000,
    "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n" * 4_000,
]


@pytest.mark.parametrize("completion", LONG_ANSWERS, ids=range(len(LONG_ANSWERS)))
@pytest.mark.parametrize("around", ["{}", "FILE: a.py\n{}", "FILE: a.py\n```python\n{}\n```"])
def test_no_text_is_too_long_to_read(completion: str, around: str) -> None:
    with no_hang():
        read(around.format(completion))


LINES = [
    "def f():",
    "class A:",
    "    def f(self):",
    "        return 1",
    "    x",
    "x = (",
    '"""',
    "@a",
]
CODES = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(LINES)).map("\n".join))
NUMBERS = st.one_of(st.none(), st.integers(-5, 60), st.integers(-(10**12), 10**12))
BASES = st.one_of(st.just(REAL), st.lists(st.sampled_from(LINES)).map("\n".join), st.text())


EDITS = st.builds(
    Edit, st.just("a.py"), NUMBERS, NUMBERS, st.just(""), CODES, st.one_of(st.none(), CODES)
)


def changed_files(edits: Sequence[Edit], files: Mapping[str, str]) -> list[str] | None:
    """The paths changed, None where the edits are refused with a sentence."""
    try:
        return list(apply(edits, files).files)
    except EditError as error:
        return None if str(error) else []


@given(BASES, st.lists(EDITS))
def test_no_edit_is_too_strange_to_be_applied_or_refused(base: str, edits: list[Edit]) -> None:
    assert changed_files(edits, {"a.py": base, "b.py": base}) in (["a.py"], None)


@given(st.text())
def test_no_path_is_too_strange(path: str) -> None:
    edits = [Edit(path, 1, 1, "", "x = 2")]

    assert changed_files(edits, {"pkg/a.py": "x = 1\n"}) in (["pkg/a.py"], None)


LONG = [
    "x = 1\n" * 3000,
    "(" * 50_000,
    "-" * 50_000,
    "def f():\n" * 2000,
    "a" * 200_000,
    "'''\n" * 9000,
    "    y = 2\n" * 400,
    "    y = 2\n    z(y)\n" * 25,
    "class A:\n    def f(self):\n        return 2\n" * 600,
    "f(\n" * 5000,
    "def f():\n    return 1\n" + "".join(f"x{n} = f(x{n - 1}, {n})\n" for n in range(1, 700)),
    "def f():\n    return 1\n" + "".join(f"f({n}, 'x{n % 7}')\n" for n in range(700)),
    "def f():\n    return 1\nf(" + "1 + " * 3000 + "1)\n",
    "def f():\n    return 1\n" + "".join(f"v{n} = {n}\n" for n in range(3000)),
]


@pytest.mark.parametrize("code", LONG, ids=range(len(LONG)))
@pytest.mark.parametrize(
    "base",
    [
        REAL,
        "x = 1\n" * 3000,
        REAL * 8,
        "".join(f"g({n}, 'y{n % 7}')\n" for n in range(700)),
        "".join(f"v{n} = 1\n" for n in range(3000)),
    ],
    ids=["one", "flat", "many", "calls", "constants"],
)
def test_no_edit_takes_long(code: str, base: str) -> None:
    with no_hang():
        changed_files([Edit("a.py", 40, 60, "", code)], {"a.py": base})
        changed_files([Edit("a.py", 40, 60, "", code, base[:9000])], {"a.py": base})
        changed_files([Edit("a.py", 40, 60, "", "x = 3", code)], {"a.py": base})
