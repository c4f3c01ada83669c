"""Where tests were when they didn't go on: real dumps of a real pytest."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwater.feedback import distil
from stillwater.stuck import Frame, stuck, told

CODE = """\
import time


def spin(until):
    while time.monotonic() < until:
        pass


def outer(until):
    spin(until)
"""
TESTS = """\
import threading
import time

from code_ import outer


def test_fast():
    assert True


def test_slow():
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    outer(time.monotonic() + 0.6)
    done.set()
    other.join()
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints of a test that takes long, in a repository that was at /testbed."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "code_.py").write_text(CODE)
    (folder / "test_slow.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "faulthandler_timeout=0.2"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).replace(str(folder), "/testbed")


def test_the_calls_are_those_that_led_out_of_the_test_files(log: str) -> None:
    assert [(one.path, one.function) for one in stuck(log)] == [
        ("test_slow.py", "test_slow"), ("code_.py", "outer"),
    ]  # fmt: skip
    assert stuck(log)[1].line == 10
    assert stuck(log, root="/elsewhere") == ()


def test_a_model_is_told_where_but_not_at_which_line_of_it(log: str) -> None:
    assert told(stuck(log)) == (
        "The test doesn't end: it loops or waits within `outer` of code_.py.\n"
        "It was called from:\ntest_slow.py:15: in test_slow"
    )


def test_feedback_tells_it_where_the_log_has_no_failure(log: str) -> None:
    cut = log.partition("Timeout")
    hanging = cut[0] + cut[1] + cut[2].partition("passed")[0]
    assert distil(hanging, ["test_slow.py::test_slow"]).startswith(
        "FAILED test_slow.py::test_slow\nThe test doesn't end: it loops or waits within `outer`"
    )
    assert "`outer`" in distil(hanging, ["test_slow.py::test_slow"], only_these=True)
    assert "`outer`" not in distil(hanging, ["x.py::test_x"], only_these=True)


def test_a_log_without_a_dump_tells_nothing() -> None:
    assert stuck("collected 2 items\n\ntest_slow.py ..\n") == ()


@given(st.text())
def test_no_log_is_too_strange(text: str) -> None:
    dump = "Timeout (0:00:05)!\nThread 0x1 (most recent call first):\n" + text
    for frame in stuck(dump):
        assert isinstance(frame, Frame)
