"""What an audit covers: from an anchor on, of one run, with heads that were kept, without bases."""

import shutil
import time
from datetime import datetime
from pathlib import Path

import pytest

from stillwater.audit.model import AuditError
from tests.audit.world import World


def count(world: World, where: str = "1") -> int:
    return int(world.ask(f"SELECT count(*) FROM transitions WHERE {where}")[0][0])


def test_since_an_id_checks_what_comes_after_it(world: World) -> None:
    report = world.audit(since="10")
    assert report.violation is None
    assert report.anchor == 10
    assert report.checked["transitions"] == count(world) - 10
    assert world.audit(since="0").checked["transitions"] == count(world)
    everything = world.audit(since=str(count(world)))
    assert (everything.violation, everything.checked["transitions"]) == (None, 0)


def test_since_is_anchored_on_the_one_before(world: World) -> None:
    world.heads.unlink()
    world.tamper("UPDATE transitions SET evidence = '{}' WHERE id = 10")
    assert world.audit(since="10", home=None).holds
    violation = world.audit(since="9", home=None).violation
    assert violation is not None
    assert violation.row == 10
    world.tamper("UPDATE transitions SET sha256 = printf('%064d', 1) WHERE id = 10")
    violation = world.audit(since="10", home=None).violation
    assert violation is not None
    assert (violation.row, "doesn't name" in violation.problem) == (11, True)


def test_since_a_time_checks_all_that_ended_after_it(world: World) -> None:
    ((at, number),) = world.ask("SELECT finished_at, id FROM transitions WHERE id = 12")
    after = count(world, f"id >= (SELECT min(id) FROM transitions WHERE finished_at > '{at}')")
    assert world.audit(since=at).checked["transitions"] == after
    assert world.audit(since="2099-01-01").checked["transitions"] == 0
    assert world.audit(since="2001-01-01T00:00:00+02:00").checked["transitions"] == count(world)
    # A clock that was set back: what was written after it is still after it.
    world.tamper(
        f"UPDATE transitions SET finished_at = '2001-01-01T00:00:00.000000Z' WHERE id > {number}",
        f"UPDATE transitions SET finished_at = '2031-01-01T00:00:00.000000Z' WHERE id = {number}",
        rechain=True,
    )
    world.heads.unlink()
    assert world.audit(since="2030-01-01").checked["transitions"] == count(world) - number + 1


def test_a_time_without_a_zone_is_of_the_clock_that_people_are_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((at,),) = world.ask("SELECT finished_at FROM transitions WHERE id = 12")
    after = world.audit(since=at).checked["transitions"]
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        shown = datetime.fromisoformat(at).astimezone().replace(tzinfo=None).isoformat(" ")
        assert world.audit(since=shown).checked["transitions"] == after
    finally:
        monkeypatch.undo()
        time.tzset()


def test_since_sees_a_machine_leave_its_place(world: World) -> None:
    world.heads.unlink()
    number = world.id("told", "long", "passed", 4)
    world.tamper(f"UPDATE transitions SET attempt = 3 WHERE id = {number}", rechain=True)
    violation = world.audit(since=str(number - 1)).violation
    assert violation is not None
    assert "it is of attempt 3" in violation.problem


@pytest.mark.parametrize(
    "since", ["7000", "9" * 30, "yesterday", "-1", "12:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_since_that_means_nothing_is_bad_input(world: World, since: str) -> None:
    with pytest.raises(AuditError, match="--since"):
        world.audit(since=since)


def test_of_one_run_only_its_machines_and_artifacts_are_checked(world: World) -> None:
    whole, told = world.audit(), world.audit(run="told")
    assert (told.run, told.checked["machines"], told.checked["runs"]) == ("told", 2, 1)
    assert told.checked["transitions"] == whole.checked["transitions"]
    assert told.checked["evidence"] < whole.checked["evidence"]
    others = [world.audit(run=one).checked["verdicts"] for one in ("hid", "strict", "g")]
    assert told.checked["verdicts"] + sum(others) == whole.checked["verdicts"]
    with pytest.raises(AuditError, match="no run x"):
        world.audit(run="x")


def test_a_kept_head_is_found_in_the_chain(world: World, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for number, sha256 in world.ask("SELECT id, sha256 FROM transitions WHERE id IN (3, 20)"):
        for words in (
            f"{number} {sha256} 2026-11-24T12:00:00Z\n",
            f"{sha256}",
            f"{number} {sha256}",
        ):
            kept.write_text(words)
            assert world.audit(head_file=kept).holds


def test_a_kept_head_that_is_not_in_the_chain_is_found(world: World, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ((sha256,),) = world.ask("SELECT sha256 FROM transitions WHERE id = 20")
    for words, problem in (
        (f"21 {sha256}", "history was rewritten"),
        (f"2100 {sha256}", "its last rows are gone"),
        ("0" * 64, "is not in the chain"),
    ):
        kept.write_text(f"20 {sha256}\n{words}\n")
        violation = world.audit(head_file=kept).violation
        assert violation is not None
        assert (violation.table, violation.row) == (str(kept), 2)
        assert problem in violation.problem


@pytest.mark.parametrize("content", ["", "\n", "head", f"0 {'0' * 64}", f"1 {'z' * 64}", "\xff\n"])
def test_a_file_that_holds_no_heads_is_bad_input(
    world: World, tmp_path: Path, content: str
) -> None:
    kept = tmp_path / "kept"
    kept.write_text(content, "latin-1")
    with pytest.raises(AuditError, match=r"kept.*head"):
        world.audit(head_file=kept)
    with pytest.raises(AuditError, match="can't be read"):
        world.audit(head_file=tmp_path / "none")


def test_heads_beside_may_be_behind_or_torn_but_not_other(world: World) -> None:
    first, *_ = world.heads.read_bytes().splitlines(keepends=True)
    world.heads.write_bytes(first)
    (kept,) = world.audit().heads
    assert kept.behind == count(world) - int(first.split()[0]) > 0
    assert kept.seconds_behind > 0
    world.heads.write_bytes(first + b"36 00ab")
    assert world.audit().holds
    world.heads.write_bytes(b"36 00ab\n" + first)
    violation = world.audit().violation
    assert violation is not None
    assert (violation.table, violation.row) == (str(world.heads), 1)


def test_without_the_base_files_patches_are_not_made_again(world: World, tmp_path: Path) -> None:
    report = world.audit(home=tmp_path / "nothing")
    assert report.violation is None
    assert report.checked["completions"] == 13
    assert report.checked["patches"] == 0
    why = "the base commit is not in the repositories' cache"
    assert dict(report.underived) == {("patches", why): 9}
    assert not (tmp_path / "nothing").exists()


def test_without_the_base_files_a_patch_must_be_as_told(world: World, tmp_path: Path) -> None:
    world.heads.unlink()
    number = world.id("told", "never", "applied")
    world.forge(number, {"changed": ["other.py"]})
    violation = world.audit(home=tmp_path / "nothing").violation
    assert violation is not None
    assert violation.row == number


def test_what_another_version_read_otherwise_is_not_called_forged(world: World) -> None:
    world.heads.unlink()
    number = world.id("told", "long", "proposed")
    newer = "UPDATE runs SET version = '9.9'"
    world.forge(number, {"repairs": ["by a better hand"]}, newer)
    report = world.audit()
    assert report.violation is None
    ((kind, why),) = report.underived
    assert (kind, why.startswith("Stillwater 9.9 did it otherwise")) == ("completions", True)


@pytest.mark.parametrize("processes", [2, 3])
def test_more_processes_find_the_same(world: World, processes: int) -> None:
    alone, together = world.audit(processes=1), world.audit(processes=processes)
    assert (together.checked, together.violation) == (alone.checked, None)
    last = count(world)
    for number in (2, last // 2, last // 2 + 1, last):
        world.tamper(f"UPDATE transitions SET evidence = '{{}}' WHERE id >= {number}")
        world.heads.unlink(missing_ok=True)
        found = world.audit(processes=processes).violation
        assert found == world.audit(processes=1).violation
        assert found is not None


def test_an_audit_writes_nothing(world: World) -> None:
    before = sorted((path.name, path.stat().st_mtime_ns) for path in world.db.parent.iterdir())
    content = world.db.read_bytes()
    assert world.audit().holds
    assert world.db.read_bytes() == content
    left = sorted((path.name, path.stat().st_mtime_ns) for path in world.db.parent.iterdir())
    assert [one for one in left if not one[0].endswith(("-shm", "-wal"))] == before


def test_a_copy_elsewhere_is_audited_with_its_own_folder(world: World, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    moved = World(tmp_path / "there" / "copy.db", tmp_path / "there" / ".copy")
    shutil.copy(world.db, moved.db)
    shutil.copytree(world.home, moved.home)
    report = moved.audit()
    assert (report.violation, report.heads) == (None, [])
    assert report.checked["patches"] == 9
