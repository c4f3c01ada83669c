"""What became of an attempt says whether its place matters."""

from stillwater.models.builtin.mutate import answer
from stillwater.models.builtin.ranking import ranked
from stillwater.models.builtin.reading import read
from stillwater.prompt import ShownFile, Tried, build
from tests.models.builtin.repairing import applied

CODE = """\
def price(count, rate):
    total = count * rate
    if count > 10:
        total = total - 5
    return total


def label(count, name):
    text = name + "s"
    if count < 1:
        text = "no " + text
    return text
"""
FAILING = "FAILED t.py::test_a\nFAILED t.py::test_b\nE   assert 1 == 2\n… and 2 more failing"


def _order(result: str) -> list[str]:
    """Functions of the six likeliest changes after one attempt at `price` that ended so."""
    first = build("`price` is wrong", [ShownFile("a.py", CODE)], FAILING, [])
    _, patch = applied({"a.py": CODE}, answer(first))
    tried = [Tried(1, "tests fail", patch, result)]
    again = build("`price` is wrong", [ShownFile("a.py", CODE)], FAILING, tried)
    found = ranked(read(again))
    assert patch
    return [one.mutation.unit.name for one in found[:12]]


def test_a_change_without_effect_speaks_against_its_place() -> None:
    same = _order(FAILING).count("price")
    fewer = _order("FAILED t.py::test_b\nE   assert 1 == 2").count("price")
    assert same <= fewer


def test_an_attempt_that_inserted_after_a_loop_is_not_made_again() -> None:
    code = "def f(xs):\n    last = None\n    while xs:\n        last = xs.pop()\n        g(last)\n"
    tried: list[Tried] = []
    seen: set[str] = set()
    for number in range(1, 9):
        files = [ShownFile("a.py", code)]
        text = answer(build("f() returns None", files, "E   assert None == 3", tried))
        changed, patch = applied({"a.py": code}, text)
        assert changed["a.py"] not in seen
        seen.add(changed["a.py"])
        tried.append(Tried(number, "tests fail", patch, "E   assert None == 3"))
