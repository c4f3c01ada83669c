"""Work in the background: its result, its error, and a thread that never begins."""

import subprocess
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest

from stillwater import background
from stillwater.background import begin, promise
from stillwater.memory import OutOfMemory
from tests.e2e.command import ROOT
from tests.patience import DEADLINE

NO_MEMORY_FOR_THE_OUTCOME = """
import threading
from stillwater.executors.threads import ThreadExecutor
from stillwater.slots import Slot

class Workshop:
    def perform(self, snapshot):
        raise MemoryError

ThreadExecutor(Workshop(), dict.fromkeys(Slot, 1)).submit(None, print)
threading.Event().wait()
"""


def test_what_a_call_gives_is_promised() -> None:
    assert promise(lambda: 7).result(DEADLINE) == 7


def test_what_a_call_raises_is_raised_where_its_result_is_asked_for() -> None:
    def fails() -> NoReturn:
        raise KeyError("absent")

    with pytest.raises(KeyError, match="absent"):
        promise(fails).result(DEADLINE)


def test_a_thread_that_never_begins_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def dropped(work: Callable[[], object], words: tuple[()]) -> int:
        return 1

    monkeypatch.setattr(background, "start_new_thread", dropped)
    monkeypatch.setattr(background, "BEGIN_SECONDS", 0.01)
    with pytest.raises(OutOfMemory, match="begin"):
        begin(print)


def test_no_more_threads_is_the_worlds_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(work: Callable[[], object], words: tuple[()]) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(background, "start_new_thread", refused)
    with pytest.raises(OutOfMemory, match="can't start new thread"):
        begin(print)


def test_no_memory_to_tell_an_outcome_ends_the_process_and_not_in_silence() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NO_MEMORY_FOR_THE_OUTCOME],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("stillwater: out of memory")
    assert ended.stderr.count("\n") == 1
