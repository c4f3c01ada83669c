"""The watch over what a job writes."""

import os
from pathlib import Path

import pytest

from stillwater.sandbox import disk


def test_every_entry_counts_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "big").write_bytes(os.urandom(100_000))
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    least = 100_000 + 3 * disk.LEAST
    assert least <= disk.used([tmp_path]) <= least + 2 * disk.LEAST


def test_a_folder_that_vanished_holds_nothing(tmp_path: Path) -> None:
    assert disk.used([tmp_path / "gone"]) == 0


def test_the_watch_tells_when_it_is_too_much(looking_often: None) -> None:
    sizes = iter([1, 2, 3, 4])
    with disk.watch(lambda: next(sizes), 2) as full:
        assert os.read(full, 10) == b"\n"
    assert next(sizes) == 4


def test_a_look_that_fails_stops_nothing(looking_often: None) -> None:
    def fail() -> int:
        looked.append(1)
        raise OSError("no engine")

    looked: list[int] = []
    with disk.watch(fail, 2) as full:
        os.set_blocking(full, False)
        while not looked:
            pass
        with pytest.raises(BlockingIOError):
            os.read(full, 10)
