"""What a model is told of a test log."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.feedback import by_name, distil, tail

LOG = """============================= test session starts ==============================
platform linux -- Python 3.11.7, pytest-9.2.0, pluggy-1.7.0
rootdir: /testbed
collected 3 items

tests/test_a.py FFF                                                      [100%]

=================================== FAILURES ===================================
\x1b[31m\x1b[1m________________________________ test_x ________________________________\x1b[0m

    def test_x():
>       assert inner(1) == {"a": [1, 2]}
E       AssertionError: assert {'a': [1, 1]} == {'a': [1, 2]}
E         
E         Differing items:
E         {'a': [1, 1]} != {'a': [1, 2]}
E         Use -v to get more diff

tests/test_a.py:4: AssertionError
_______________________________ TestB.test_y[3] ________________________________

self = <test_a.TestB object at 0x7f5a0391e250>, n = 3

    def test_y(self, n):
        print("hello")
>       A().go(n)

tests/test_a.py:10: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ 
/usr/lib/python3/site-packages/wrapper.py:3: in go
    return inner(x)
           ^^^^^^^^
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ 

x = 3

    def inner(x):
        if x > 2:
>           raise ValueError(f"bad {x} {object()}")
E           ValueError: bad 3 <object object at 0x7f5a04fa6730> in /tmp/pytest-of-me/pytest-7/y0

/testbed/pkg/mod.py:7: ValueError
----------------------------- Captured stdout call -----------------------------
hello
_______________________________ TestB.test_y[4] ________________________________

    def test_y(self, n):
>       A().go(n)
E       ValueError: four

tests/test_a.py:10: ValueError
=========================== short test summary info ============================
FAILED tests/test_a.py::test_x - AssertionError: assert {'a': [1, 1]} == {'a'...
========================= 3 failed in 0.33s ==========================
"""  # noqa: W291
X, Y3 = "tests/test_a.py::test_x", "tests/test_a.py::TestB::test_y[3]"


def test_a_failure_is_told_by_its_id_its_frames_and_its_values() -> None:
    assert distil(LOG, [X]) == (
        "FAILED tests/test_a.py::test_x\n"
        "tests/test_a.py:4: in test_x\n"
        '    assert inner(1) == {"a": [1, 2]}\n'
        "E   AssertionError: assert {'a': [1, 1]} == {'a': [1, 2]}\n"
        "E     Differing items:\n"
        "E     {'a': [1, 1]} != {'a': [1, 2]}"
    )


def test_frames_outside_of_the_repository_and_what_was_printed_are_left_out() -> None:
    assert distil(LOG, [Y3]) == (
        "FAILED tests/test_a.py::TestB::test_y[3]\n"
        "tests/test_a.py:10: in test_y\n"
        "    A().go(n)\n"
        "pkg/mod.py:7: in inner\n"
        '    raise ValueError(f"bad {x} {object()}")\n'
        "E   ValueError: bad 3 <object object at 0x…> in …/y0"
    )


def test_tests_are_told_in_the_order_asked_for() -> None:
    told = distil(LOG, [Y3, X])

    assert told.index(Y3) < told.index(X)


def test_failures_are_told_even_if_none_of_those_asked_for_is_in_the_log() -> None:
    assert "FAILED test_x" in distil(LOG, ["tests/test_b.py::test_other"])
    assert "FAILED test_x" in distil(LOG, [])
    assert "FAILED TestB.test_y[4]" in distil(LOG, ["exit status is 0"])


def test_three_tests_are_told_and_the_others_counted() -> None:
    section = LOG[
        LOG.index("\x1b[31m") : LOG.index("_______________________________ TestB.test_y[3]")
    ]
    sections = [section.replace("test_x", f"test_x{n}") for n in range(5)]
    log = LOG[: LOG.index("\x1b[31m")] + "".join(sections) + "==== short ====\n"

    told = distil(log, [f"tests/test_a.py::test_x{n}" for n in range(5)])

    assert told.count("FAILED") == 3
    assert "2 more failing" in told


def test_tests_that_fail_alike_share_one_account() -> None:
    section = LOG[
        LOG.index("\x1b[31m") : LOG.index("_______________________________ TestB.test_y[3]")
    ]
    log = LOG.replace(section, section + section.replace("__ test_x __", "__ test_x2 __"))

    told = distil(log, [X, X + "2"])

    assert f"FAILED {X}\nFAILED {X}2\n" in told
    assert told.count("Differing items") == 1


def test_a_broken_import_is_told_for_every_test_of_the_file() -> None:
    log = (
        "==== ERRORS ====\n"
        "_______________________ ERROR collecting tests/test_c.py _______________________\n"
        "ImportError while importing test module '/testbed/tests/test_c.py'.\n"
        "tests/test_c.py:1: in <module>\n    import nope\n"
        "E   ModuleNotFoundError: No module named 'nope'\n"
        "==== short test summary info ====\n"
    )

    assert distil(log, ["tests/test_c.py::test_one", "tests/test_c.py::test_two"]).startswith(
        "FAILED tests/test_c.py::test_one\ntests/test_c.py:1: in <module>\n    import nope\nE   Mod"
    )


DJANGO = """Testing against Django installed in '/testbed/django'
F.
======================================================================
FAIL: test_total (orders.tests.OrderTests.test_total)
The total is right.
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/usr/lib/python3.11/unittest/case.py", line 57, in testPartExecutor
    yield
  File "/testbed/tests/orders/tests.py", line 12, in test_total
    self.assertEqual(total([1]), 2)
  File "/testbed/orders/models.py", line 5, in total
    check(x)
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 2 tests in 0.012s

FAILED (failures=1)
"""


def test_django_and_unittest_are_told_in_the_same_shape() -> None:
    wanted = (
        "tests/orders/tests.py:12: in test_total\n    self.assertEqual(total([1]), 2)\n"
        "orders/models.py:5: in total\n    check(x)\n"
        "E   AssertionError: 1 != 2"
    )

    for name in (
        "test_total (orders.tests.OrderTests.test_total)",
        "test_total (orders.tests.OrderTests)",
    ):
        assert distil(DJANGO, [name]) == f"FAILED {name}\n{wanted}"


SYMPY = """\
============================= test process starts ==============================
executable:         /opt/miniconda3/envs/testbed/bin/python  (3.9.20-final-0) [CPython]
architecture:       64-bit
cache:              no
ground types:       python 
numpy:              None
random seed:        45963383
hash randomization: on (PYTHONHASHSEED=3108095362)

sympy/core/tests/test_arit.py[3] 
test_bug1 ok
test_Mod F
test_Pow E                                                                [FAIL]


________________________________________________________________________________
_____________________ sympy/core/tests/test_arit.py:test_Pow ___________________
Traceback (most recent call last):
  File "/testbed/sympy/core/tests/test_arit.py", line 21, in test_Pow
    assert Pow(2, 3) == 8
  File "/testbed/sympy/core/power.py", line 7, in __new__
    raise TypeError("no power")
TypeError: no power

________________________________________________________________________________
_____________________ sympy/core/tests/test_arit.py:test_Mod ___________________
Traceback (most recent call last):
  File "/testbed/sympy/core/tests/test_arit.py", line 12, in test_Mod
    assert Mod(5, 3) == 2
AssertionError

============= tests finished: 1 passed, 1 failed, 1 exceptions, in 0.50 seconds =============
DO *NOT* COMMIT!
"""  # noqa: W291


@pytest.mark.parametrize("mark", [":", "::"])
def test_the_runner_of_sympy_is_told_in_the_same_shape(mark: str) -> None:
    log = SYMPY.replace("test_arit.py:", f"test_arit.py{mark}")
    mod = (
        "FAILED test_Mod\nsympy/core/tests/test_arit.py:12: in test_Mod\n"
        "    assert Mod(5, 3) == 2\nE   AssertionError"
    )
    power = (
        "FAILED test_Pow\nsympy/core/tests/test_arit.py:21: in test_Pow\n"
        "    assert Pow(2, 3) == 8\nsympy/core/power.py:7: in __new__\n"
        '    raise TypeError("no power")\nE   TypeError: no power'
    )

    assert distil(log, ["test_Mod"]) == mod
    assert distil(log, ["test_Mod", "test_Pow"]) == f"{mod}\n{power}"
    assert distil(log, ["test_Pow"], only_these=True) == power


def test_a_long_summary_of_the_runner_of_sympy_is_no_error() -> None:
    log = (
        "_" * 80 + "\n___________ sympy/core/tests/test_numbers.py:test_issue_24543 ___________\n"
        "Traceback (most recent call last):\n"
        '  File "/testbed/sympy/core/numbers.py", line 1623, in __new__\n'
        "    raise TypeError('invalid input: %s' % p)\n"
        "TypeError: invalid input: 1.51.5\n\n"
        " tests finished: 106 passed, 1 skipped, 1 expected to fail, 1 exceptions, \n"
        "in 12.34 seconds \nDO *NOT* COMMIT!\n"
    )
    told = distil(log, ["test_issue_24543"])
    assert told.endswith("E   TypeError: invalid input: 1.51.5")


def test_a_file_that_the_runner_of_sympy_cannot_import_is_told() -> None:
    log = (
        "_" * 80 + "\n________________________ sympy/core/tests/test_arit.py ________________\n"
        "Traceback (most recent call last):\n"
        '  File "/testbed/sympy/core/tests/test_arit.py", line 1, in <module>\n'
        "    from sympy.core.mod import Modulo\n"
        "ImportError: cannot import name 'Modulo' from 'sympy.core.mod'\n\n"
        "=========== tests finished: 0 passed, 1 exceptions, in 0.50 seconds ===========\n"
    )

    told = distil(log, ["test_Mod"])

    assert told.splitlines()[0] == "FAILED sympy/core/tests/test_arit.py"
    assert told.endswith("E   ImportError: cannot import name 'Modulo' from 'sympy.core.mod'")


VERBOSE = """\
test_count (orders.tests.OrderTests.test_count) ... ok
test_sum (orders.tests.OrderTests.test_sum)
Sums are right. ... ok
test_total (orders.tests.OrderTests.test_total)
The total is right. ... FAIL
test_total (orders.tests.OtherTests.test_total)
The total is right. ... ok

"""


def test_a_test_that_is_called_by_its_docstring_is_found() -> None:
    told = distil(DJANGO, ["The total is right."], only_these=True)

    assert told.startswith("FAILED The total is right.\ntests/orders/tests.py:12: in test_total\n")
    assert "FAILED test_total" in distil(DJANGO, ["Another total."])


@pytest.mark.parametrize("log", [VERBOSE, VERBOSE + DJANGO, DJANGO + VERBOSE])
def test_docstrings_are_told_from_names_by_the_log(log: str) -> None:
    asked = ["The total is right.", "Nobody knows.", "test_count (orders.tests.OrderTests)"]

    assert by_name(asked, log) == ["test_total (orders.tests.OrderTests.test_total)", *asked[1:]]
    sums = "test_sum (orders.tests.OrderTests.test_sum)" if "Sums" in log else "Sums are right."
    assert by_name(["Sums are right."], log) == [sums]
    assert by_name(["----", "="], DJANGO) == ["----", "="]


def test_an_unknown_log_is_told_by_its_last_lines() -> None:
    log = "\n".join(f"line {n} done in {n}.25s" for n in range(40))

    told = distil(log, ["a::b"])

    assert told.splitlines()[0] == "line 20 done in …"
    assert len(told.splitlines()) == 20


def test_of_long_last_lines_the_error_at_their_end_remains() -> None:
    source = "    " + "x = 1; " * 200
    frames = [f'  File "/usr/lib/python3/a.py", line {n}, in f\n{source}' for n in range(9)]
    log = "\n".join(["Traceback (most recent call last):", *frames, "NameError: nope"])

    told = distil(log, ["a (b.C)"])

    assert told.endswith("\nNameError: nope")
    assert len(told) <= 1500
    assert max(map(len, told.splitlines())) <= 300


def test_what_differs_from_run_to_run_is_left_out() -> None:
    again = LOG.replace("0x7f5a04fa6730", "0x7eee04fa6000").replace("0.33s", "1.20s")
    again = again.replace("pytest-7", "pytest-8").replace("/testbed", "/srv/tree")

    assert distil(again, [X, Y3]) == distil(LOG, [X, Y3])


def test_a_real_log_is_understood(tmp_path: Path) -> None:
    (tmp_path / "mod.py").write_text("def half(n):\n    return n // 0\n")
    (tmp_path / "test_mod.py").write_text(
        "from mod import half\n\n\ndef test_half():\n    assert half(4) == 2\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--color=yes"]
    done = subprocess.run(
        [*command, "-c", "/dev/null", f"--rootdir={tmp_path}", "test_mod.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    told = distil(done.stdout, ["test_mod.py::test_half"], root=str(tmp_path))

    assert told.startswith("FAILED test_mod.py::test_half\ntest_mod.py:5: in test_half\n")
    assert "mod.py:2: in half\n    return n // 0\n" in told
    assert told.splitlines()[-1].startswith("E   ZeroDivisionError: ")


OTHERWISE = '''
import pytest

def double(n):
    """Twice.

    >>> double(2)
    5
    """
    return n * 2

def raising(n):
    raise ExceptionGroup("boom", [ValueError("the first cause"), TypeError("the second")])

def test_group():
    raising(1)

def test_plain():
    pytest.fail("the sum is 4, not 5", pytrace=False)

def test_native():
    assert double(2) == 5
'''


@pytest.mark.parametrize(
    ("options", "test", "lines"),
    [
        (
            [],
            "test_group",
            ["ExceptionGroup: boom (2 sub-exceptions)", "ValueError: the first cause"],
        ),
        ([], "test_plain", ["the sum is 4, not 5"]),
        (["--tb=native"], "test_native", ["AssertionError: assert 4 == 5"]),
        (
            ["--doctest-modules"],
            "test_mod.double",
            ["    >>> double(2)", "Expected:", "    5", "Got:", "    4"],
        ),
    ],
)
def test_what_pytest_prints_in_another_style_is_understood(
    tmp_path: Path, options: list[str], test: str, lines: list[str]
) -> None:
    (tmp_path / "test_mod.py").write_text(OTHERWISE)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *options]
    done = subprocess.run(
        [*command, "-c", "/dev/null", f"--rootdir={tmp_path}", "test_mod.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    name = f"test_mod.py::{test}"
    told = distil(done.stdout, [name], root=str(tmp_path), only_these=True)

    assert told.splitlines()[0] == f"FAILED {name}"
    errors = [line[4:] for line in told.splitlines() if line.startswith("E   ")]
    assert [one for one in errors if one in lines or one.endswith(lines[0])]
    assert all(any(one.endswith(line) for one in errors) for line in lines), told
    assert ("test_mod.py:13: in raising" in told) == (test == "test_group")
    assert "site-packages" not in told


PRINTED = """\
=================================== FAILURES ===================================
_________________________ TestConftest.test_conftest __________________________

    def test_conftest(self, pytester):
        result = pytester.runpytest()
>       result.assert_outcomes(passed=1)
E       AssertionError: assert {'errors': 0} == {'passed': 1}

testing/test_conftest.py:12: AssertionError
----------------------------- Captured stdout call -----------------------------
=====  ======
name   value
=====  ======
============================= test session starts ==============================
collected 1 item

test_inner.py F                                                          [100%]

=================================== FAILURES ===================================
__________________________________ test_inner __________________________________

    def test_inner():
>       assert 0
E       assert 0

test_inner.py:2: AssertionError
=========================== short test summary info ============================
FAILED test_inner.py::test_inner - assert 0
============================== 1 failed in 0.12s ===============================
___________________________ test_outer[two [1] words] __________________________

    def test_outer(x):
        print("=====  ======")
>       assert x == 2
E       assert 1 == 2

testing/test_conftest.py:30: AssertionError
=========================== short test summary info ============================
FAILED testing/test_conftest.py::TestConftest::test_conftest - AssertionError
========================= 2 failed in 0.33s ==========================
"""


def test_a_pytest_that_a_test_printed_is_not_the_log_that_is_read() -> None:
    first = "testing/test_conftest.py::TestConftest::test_conftest"
    second = "testing/test_conftest.py::test_outer[two [1] words]"

    told = distil(PRINTED, [second, first])

    assert told.startswith(f"FAILED {second}\ntesting/test_conftest.py:30: in test_outer\n")
    assert f"FAILED {first}\ntesting/test_conftest.py:12: in test_conftest\n" in told
    assert "test_inner" not in told
    assert distil(PRINTED, ["testing/x.py::test_y"]).startswith("FAILED TestConftest.test_conftest")


@pytest.mark.parametrize("rule", ["=====  ======", "==============", "======= ======= ======"])
def test_a_rule_of_a_table_ends_nothing(rule: str) -> None:
    log = LOG.replace("\nself = <test_a", f"\n{rule}\nself = <test_a")

    assert rule in log
    assert distil(log, [Y3, X]) == distil(LOG, [Y3, X])
    assert distil(log, []) == distil(LOG, [])


@pytest.mark.parametrize("title", ["test_unparse[(1, 2)]", "TestP.test_unparse[(a::b, 2)]"])
def test_an_id_that_is_cut_at_a_blank_finds_its_report(title: str) -> None:
    log = LOG.replace("TestB.test_y[3]", title).replace("TestB.test_y[4]", "test_unparse[(2, 2)]")
    test = f"tests/test_a.py::{title.replace('P.', 'P::').partition(' ')[0]}"

    told = distil(log, [test], only_these=True)

    assert told.startswith(f"FAILED {test}\ntests/test_a.py:10: in test_y\n")
    assert "ValueError: bad 3" in told


def test_the_bar_between_two_failures_belongs_to_neither() -> None:
    first = DJANGO.partition("\n-----------------------" + "-" * 47 + "\nRan")[0]
    log = first + DJANGO.partition("F.")[2].replace("test_total", "test_count")

    told = distil(log, ["test_total (orders.tests.OrderTests)"])

    assert told == distil(DJANGO, ["test_total (orders.tests.OrderTests)"])
    assert "FAILED test_count" in distil(log, ["test_count (orders.tests.OrderTests)"])


@pytest.mark.parametrize("named", ["broken", "broken2"])
def test_a_module_that_cannot_be_imported_is_known_by_its_file_too(named: str) -> None:
    log = (
        "=" * 70 + f"\nERROR: {named} (unittest.loader._FailedTest.{named})\n" + "-" * 70 + "\n"
        f"ImportError: Failed to import test module: {named}\n"
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.11/unittest/loader.py", line 162, in loadTestsFromName\n'
        "    module = __import__(module_name)\n"
        '  File "/testbed/tests/shop/broken.py", line 1, in <module>\n    import nope_nope\n'
        "ModuleNotFoundError: No module named 'nope_nope'\n\n\n" + "-" * 70 + "\nRan 1 test\n"
    )
    known = distil(log, ["test_a (shop.broken.T.test_a)"], only_these=True)

    assert ("tests/shop/broken.py:1: in <module>" in known) == (named == "broken")
    for other in ("test_a (other.broken.T)", "test_a (shop.whole.T)", "test_a"):
        assert distil(log, [other], only_these=True) == f"FAILED {other}"


CRASHES = {
    "django": (
        "+ ./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1 hidden_app\n"
        "Traceback (most recent call last):\n"
        '  File "/testbed/tests/./runtests.py", line 15, in <module>\n    import django\n'
        '  File "/testbed/django/__init__.py", line 1, in <module>\n'
        "    from django.utils.version import get_version\n"
        "NameError: name 'nope' is not defined\n",
        "NameError: name 'nope' is not defined",
    ),
    "conftest": (
        "ImportError while loading conftest '/testbed/tests/conftest.py'.\n"
        "tests/conftest.py:3: in <module>\n    import pkg\n"
        "pkg/__init__.py:1: in <module>\n    from pkg.a import b\n"
        "E   ImportError: cannot import name 'b' from 'pkg.a' (/testbed/pkg/a.py)\n",
        "E   ImportError: cannot import name 'b' from 'pkg.a' (pkg/a.py)",
    ),
}


@pytest.mark.parametrize("tool", CRASHES)
def test_what_keeps_all_tests_from_running_is_told_of_visible_tests_too(tool: str) -> None:
    log, last = CRASHES[tool]

    told = distil(log, ["test_a (a.T)", "test_b (a.T)"], only_these=True)

    assert told.startswith("FAILED test_a (a.T)\nFAILED test_b (a.T)\n")
    assert told.endswith(last)
    assert "hidden_app" not in told
    assert len(distil(log, ["test_a (a.T)"], limit=60, only_these=True)) <= 60


@pytest.mark.parametrize(
    "log",
    [
        "ERROR: file or directory not found: tests/test_hidden.py\n\n"
        "============================ no tests ran in 0.00s =============================\n",
        "test_hidden (b.T) ... ok\nKilled\n",
        "Traceback (most recent call last):\n"
        '  File "/testbed/tests/b.py", line 3, in f\nValueError\ntest_hidden (b.T) ... ok\n',
        "Traceback (most recent call last):\n"
        '  File "tests/b.py", line 3, in test_hidden\n    f()\nKeyboardInterrupt\n',
        "=================================== FAILURES ===================================\n"
        "________________________________ test_hidden ___________________________________\n"
        "E   ValueError: hidden\n",
        "========================= short test summary info ==========================\n"
        "FAILED tests/b.py::test_hidden - ValueError: hidden\n",
    ],
)
def test_of_tests_that_are_not_asked_for_nothing_is_told_if_only_these_are(log: str) -> None:
    assert distil(log, ["test_a (a.T)"], only_these=True) == "FAILED test_a (a.T)"


FAILED_AS_A_WHOLE = """\
======================================================================
ERROR: {title}
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/testbed/django/db/models/query.py", line 5, in create
    raise ValueError("no such field")
ValueError: no such field

----------------------------------------------------------------------
Ran 0 tests in 0.012s

FAILED (errors=1)
"""


@pytest.mark.parametrize(
    "title",
    [
        "setUpClass (queries.tests.T)",
        "tearDownClass (queries.tests.T)",
        "setUpModule (queries.tests)",
        "queries.tests (unittest.loader._FailedTest)",
        "queries.tests (unittest.loader._FailedTest.queries.tests)",
        "queries (unittest.loader._FailedTest)",
    ],
)
def test_what_fails_as_a_whole_is_told_for_the_tests_below_it(title: str) -> None:
    log = FAILED_AS_A_WHOLE.format(title=title)

    for test in ("test_a (queries.tests.T)", "test_a (queries.tests.T.test_a)"):
        told = distil(log, [test], only_these=True)
        assert told.startswith(f"FAILED {test}\ndjango/db/models/query.py:5: in create\n")
    for other in ("test_a (queries2.tests.T)", "test_a"):
        assert distil(log, [other], only_these=True) == f"FAILED {other}"


MARKS = [
    "=== FAILURES ===",
    "___ test_x ___",
    "E   x",
    ">  y",
    "a.py:1: in f",
    "\x1b[31m",
    "0x7f00000000",
]
MARKS += [
    "Traceback (most recent call last):",
    "test_x ... ok",
    "- Captured stdout -",
    "_" * 80,
    "_ a.py:test_x _",
    "=" * 70,
    "-" * 70,
    "FAIL: a (b)",
    '  File "a.py", line 3, in f',
    "Error: y",
    "\r",
    "\ud800",
]
LOGS = st.one_of(st.text(), st.lists(st.sampled_from(MARKS)).map("\n".join))


@given(LOGS, st.lists(st.sampled_from(["a.py::test_x", "a (b)", "test_x"])), st.integers(0, 300))
def test_no_log_is_too_strange(log: str, failing: list[str], limit: int) -> None:
    visible = distil(log, failing, limit=limit, only_these=True)
    assert len(by_name(failing, log)) == len(failing)
    for told in (distil(log, failing, limit=limit), visible, tail(log, limit)):
        assert len(told) <= limit
        assert "\x1b" not in told
        assert all(one.isprintable() or one in "\n\t " or not one.isascii() for one in told)


@pytest.mark.parametrize("limit", [0, 1, 40, 200, 10_000])
def test_the_limit_always_holds(limit: int) -> None:
    assert len(distil(LOG, [X, Y3], limit=limit)) <= limit
    assert len(tail(LOG, limit)) <= limit


def test_within_a_small_limit_the_first_test_and_its_error_remain() -> None:
    told = distil(LOG, [X, Y3], limit=220)

    assert X in told
    assert "E   AssertionError" in told


def test_a_tail_starts_with_a_whole_line() -> None:
    assert tail("one\ntwo\nthree\n", 10) == "two\nthree"
    assert tail("one\ntwo", 100) == "one\ntwo"
    assert tail("x" * 50, 10) == "x" * 10


def test_an_address_that_pytest_has_cut_is_hidden_too() -> None:
    log = (
        "=== FAILURES ===\n___ test_x ___\n\ntests/test_q.py:50: in test_x\n    assert a == b\n"
        "E   assert <q.Query obj...x7efd9ef4ec90> == <q.Query obj...7efd9ebc7690>\n"
    )
    told = distil(log, ["tests/test_q.py::test_x"])
    assert "7efd9" not in told
    assert "q.Query obj" in told
