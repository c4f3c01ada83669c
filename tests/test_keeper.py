"""Heads beside the database: behind by little, never ahead, never other, and in nobody's way."""

import os
import threading
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwater import heads
from stillwater.heads import Head
from stillwater.keeper import Keeper, append, catch_up
from stillwater.machine import Event
from stillwater.notes import Notes, NotesError
from stillwater.store import Store
from tests.store.stories import fire_on, new_run

A, B = Head("a" * 64, 1, "2026-11-24T12:00:00.000000Z"), Head("b" * 64, 2, None)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "stillwater.db"
    with Store.open(path) as store:
        new_run(store)
    return path


def kept(db: Path) -> list[tuple[int | None, str]]:
    file = heads.beside(db)
    if not file.exists():
        return []
    return [(one.id, one.sha256) for one in heads.parse(file.read_bytes(), may_be_torn=False)]


def chain(db: Path) -> list[tuple[int, str]]:
    raw = sqlite.connect(db)
    rows: list[tuple[int, str]] = raw.execute("SELECT id, sha256 FROM transitions").fetchall()
    raw.close()
    return rows


def test_a_clean_end_keeps_the_last_head(db: Path) -> None:
    with Store.open(db) as store:
        with Keeper(db, seconds=1000):
            for _ in range(5):
                fire_on(store, 1, Event.DEFER)
        assert kept(db)[-1] == chain(db)[-1]
        with Keeper(db, seconds=1000):
            fire_on(store, 2, Event.READ)
    assert kept(db)[-1] == chain(db)[-1] == (6, chain(db)[5][1])


def test_what_a_scheduler_killed_after_its_last_commit_left_behind_is_caught_up(db: Path) -> None:
    with Store.open(db) as store:
        fire_on(store, 1, Event.READ)
    assert kept(db) == []
    catch_up(db)
    catch_up(db)
    assert kept(db) == chain(db)


def test_commits_are_kept_while_the_run_goes_on(db: Path) -> None:
    told = threading.Event()

    class Watching(Keeper):
        def _keep(self, connection: object, *, ending: bool) -> None:
            super()._keep(connection, ending=ending)  # type: ignore[arg-type]
            if len(kept(db)) >= 3:
                told.set()

    with Store.open(db) as store, Watching(db, seconds=0.001):
        while not told.wait(0.001):
            fire_on(store, 1, Event.DEFER)
    assert set(kept(db)) <= set(chain(db))
    numbers = [number or 0 for number, _ in kept(db)]
    assert numbers == sorted(set(numbers))


def test_what_a_killed_scheduler_left_out_is_kept_at_the_next_start(db: Path) -> None:
    with Store.open(db) as store:
        fire_on(store, 1, Event.READ)
        with Keeper(db, seconds=1000):
            pass
    assert kept(db) == chain(db)


def test_without_a_transition_there_is_no_head(db: Path) -> None:
    with Keeper(db):
        pass
    assert not heads.beside(db).exists()


def test_a_head_that_can_not_be_kept_ends_no_run(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with Store.open(db) as store:
        with monkeypatch.context() as patch, Keeper(db, seconds=0.001):
            patch.setattr(os, "fsync", full)
            fire_on(store, 1, Event.READ)
        with Keeper(db):
            pass
    assert kept(db)[-1] == chain(db)[-1]


def test_a_git_that_fails_ends_no_run(db: Path, tmp_path: Path) -> None:
    with Store.open(db) as store, Keeper(db, Notes(tmp_path / "gone", "x")):
        fire_on(store, 1, Event.READ)
    assert kept(db) == chain(db)
    with pytest.raises(NotesError, match="gone"):
        Notes(tmp_path / "gone", "x").add(A)


def test_the_same_head_is_not_written_twice(tmp_path: Path) -> None:
    file = tmp_path / "x.heads"
    for head in (A, A, B, B, A):
        append(file, head)
    assert heads.parse(file.read_bytes(), may_be_torn=False) == [A, B, A]


def test_a_write_that_fails_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.heads"
    append(file, A)
    real = os.pwrite

    def fails(handle: int, content: bytes, at: int) -> int:
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return real(handle, content[:-10], at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fails)
        with pytest.raises(OSError, match="No space"):
            append(file, B)
    assert file.read_bytes() == f"{A}\n".encode()
    append(file, B)
    assert heads.parse(file.read_bytes(), may_be_torn=False) == [A, B]


@given(st.integers(0, 200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_that_a_power_cut_left_incomplete_is_taken_away(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "x.heads"
    whole = f"{A}\n{B}\n".encode()
    file.write_bytes(whole[:cut])
    append(file, B)
    first = [A] if cut > len(str(A)) else []
    assert heads.parse(file.read_bytes(), may_be_torn=False) == [*first, B]
