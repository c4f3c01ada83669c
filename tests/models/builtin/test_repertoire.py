"""Each kind of change is made where it may be meant, and what nobody means isn't made."""

import ast
from textwrap import dedent

import pytest

from stillwater.models.builtin.ranking import ranked
from stillwater.models.builtin.reading import read
from stillwater.prompt import ShownFile, build

REPAIRS = {
    "one more operand": (
        "def kth(xs, k):\n    below = len(xs)\n    if k < below:\n        return k\n"
        "    return kth(xs, k)",
        "    return kth(xs, k - below)",
    ),
    "an operand less": ("def f(x):\n    return 1 + g(x)", "    return g(x)"),
    "a sequence less its first": (
        "def f(a, b):\n    if not b:\n        return a[:1]\n    return f(a, b)",
        "    return f(a, b[1:])",
    ),
    "a call too many": (
        "def flat(xs):\n    for x in xs:\n        yield flat(x)",
        "        yield x",
    ),
    "values of a generator": (
        "def flat(xs):\n    for x in xs:\n        yield flat(x)",
        "        yield from flat(x)",
    ),
    "what was gathered is part of it": (
        "def f(xs):\n    if not xs:\n        return [[]]\n    rest = f(xs[1:])\n"
        "    return [[xs[0]] + r for r in rest]",
        "    return rest + [[xs[0]] + r for r in rest]",
    ),
    "the best so far": (
        "def f(xs):\n    best = 0\n    for x in xs:\n        best = x * 2\n    return best",
        "        best = max(best, x * 2)",
    ),
    "the end of a recursion": (
        "def f(xs):\n    if len(xs) == 0:\n        return xs\n    return f(xs[:1])",
        "    if len(xs) <= 1:",
    ),
    "joined the other way": (
        "def f(text, c):\n    text = text.strip()\n    return text + c",
        "    return c + text",
    ),
    "one of two indexes": (
        "def f(t, n):\n    for i in range(n):\n        t[i, n] = t[i, n] + 5",
        "        t[i, n] = t[i - 1, n] + 5",
    ),
    "an argument that has an attribute's name": (
        "class A:\n    def __init__(self, loop=None):\n        self._loop = loop or make()\n"
        "        self.start = loop.time()",
        "        self.start = self._loop.time()",
    ),
    "a text that is a parameter": (
        'def f(e, weight):\n    return e.get("weight", 1)',
        "    return e.get(weight, 1)",
    ),
    "a text that the issue quotes": (
        'NAMES = ("__dict__", "__slots__")',
        'NAMES = ("__dict__", "__slots__", "__weakref__")',
    ),
    "a flag that nobody asked": (
        "def f(xs, strict=False):\n    if not xs:\n        raise ValueError\n    return xs",
        "    if not xs and strict:",
    ),
    "a bare return": (
        "def f(x, y):\n    if y:\n        return\n    return x",
        "        return x",
    ),
    "what is left after the loop": (
        "def f(text):\n    lines = []\n    while len(text) > 9:\n        line = text[:9]\n"
        "        text = text[9:]\n        lines.append(line)\n    return lines",
        "    lines.append(text)",
    ),
    "what the loop forgot to move on": (
        "def f(node):\n    prev = None\n    while node:\n        after = node.after\n"
        "        node.after = prev\n        node = after\n    return prev",
        "        prev = node",
    ),
    "the same list of another branch": (
        "def f(xs):\n    out = []\n    ops = []\n    for x in xs:\n        if x > 1:\n"
        "            out.append(x)\n        else:\n            x = -x\n    return out, ops",
        "            ops.append(x)",
    ),
    "a bit operator": ("def f(n):\n    while n:\n        n ^= n - 1", "        n &= n - 1"),
}


def changed(code: str, issue: str = "f() is wrong, `__weakref__`", failing: str = "") -> list[str]:
    """The file after each mutation, the likeliest first."""
    messages = build(issue, [ShownFile("a.py", dedent(code) + "\n")], failing, [])
    return [one.mutation.apply() for one in ranked(read(messages))]


@pytest.mark.parametrize(("code", "line"), REPAIRS.values(), ids=REPAIRS)
def test_the_repair_is_in_the_repertoire(code: str, line: str) -> None:
    texts = changed(code)
    assert any(line in text.split("\n") for text in texts)
    assert line not in code.split("\n")


@pytest.mark.parametrize("code", [code for code, _ in REPAIRS.values()], ids=REPAIRS)
def test_most_of_what_is_made_can_be_parsed(code: str) -> None:
    texts = changed(code)
    assert sum(map(_parses, texts)) >= 0.9 * len(texts)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_text_is_not_counted_and_sets_are_not_appended_to() -> None:
    code = "def f(name):\n    seen = set()\n    seen.add(name.strip())\n    return f(name)"
    texts = "\n".join(changed(code)[:20])
    assert "name + 1" not in texts
    assert ".append" not in "\n".join(changed(code))


def test_a_docstring_decides_whether_a_bound_counts() -> None:
    code = '''
        def f(x, low, high):
            """Whether x is between low and high, {how}."""
            return low < x < high
    '''
    included = changed(code.replace("{how}", "inclusive"))
    left_open = changed(code.replace("{how}", "somehow"))
    wanted = "low <= x < high"
    assert _rank(included, wanted) <= _rank(left_open, wanted)


def _rank(texts: list[str], wanted: str) -> int:
    return next(n for n, text in enumerate(texts) if wanted in text)
