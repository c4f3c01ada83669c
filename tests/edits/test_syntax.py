"""Parsing, wherever it is asked for, from several threads at once."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stillwater.edits.syntax import parse

TEXT = "".join(f"def f{n}(a, b):\n    return [a * (c - {n}) for c in b if c]\n" for n in range(20))


class Garbage:
    """Part of a cycle, whose collection lets other threads go on."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@contextmanager
def eager_collection() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(20, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def test_threads_that_parse_at_once_do_not_disturb_each_other() -> None:
    failed: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for n in range(100):
                for _ in range(5):
                    Garbage()
                assert parse(f"# {name} {n}\n{TEXT}") is not None
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    with eager_collection():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
