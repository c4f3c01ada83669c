"""What the local sandbox adds: the tree's place, the person's own Python, kill -9, leftovers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock

from stillwater.errors import InputError
from stillwater.sandbox import Job, Limits, LocalSandbox, groups, layout, scratch, walls
from tests.patience import DEADLINE
from tests.sandbox.conftest import WALLS, local, running

SCHEDULER = """
import sys
from pathlib import Path
from stillwater.sandbox import Job, LocalSandbox
home, tree, wall, command = sys.argv[1:]
LocalSandbox(Path(home), wall=wall).run(Job(Path(tree), command, "test"))
"""


def test_kill_9_of_the_scheduler_leaves_nothing_running(
    walled: LocalSandbox, home: Path, tree: Path, marker: str
) -> None:
    wall = walled._choose()
    command = f"setsid sh -c 'sleep 60; : {marker}' & touch begun; trap '' TERM; sleep 60"
    arguments = [sys.executable, "-c", SCHEDULER, str(home), str(tree), wall, command]
    with subprocess.Popen(arguments) as scheduler:
        deadline = time.monotonic() + DEADLINE
        # The daemon may still be on its way from fork to exec when the file is there.
        while (
            not ((tree / "begun").exists() and len(running(marker)) > 1)
            and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        assert len(running(marker)) > 1
        scheduler.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE
    while running(marker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running(marker) == []
    assert walled.reap() >= 1
    assert list((home / "scratch").iterdir()) == []


def test_what_ignores_a_timeout_is_killed_two_seconds_later(home: Path, tree: Path) -> None:
    command = "trap 'echo no' TERM; echo begun; while :; do sleep 60; done"
    job = Job(tree, command, "test", limits=Limits(seconds=3))
    execution = LocalSandbox(home).run(job)
    assert execution.stopped == "timeout"
    assert execution.output.startswith(b"begun\n")
    assert execution.output.endswith(b"no\n")
    assert execution.seconds >= 4.9


def test_a_mount_that_goes_away_while_the_walls_are_put_up_costs_nothing(
    home: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("bwrap")
    if real is None or not walls.plausible("bubblewrap"):
        pytest.skip("bubblewrap isn't installed")
    # As bubblewrap says it where a container ended between its list of mounts and its remounting.
    said = "bwrap: Can't bind mount /oldroot/var on /newroot/var: Unable to apply mount flags"
    again = tmp_path / "again"
    stub = tmp_path / "bin" / "bwrap"
    stub.parent.mkdir()
    stub.write_text(
        f'#!/bin/sh\n[ -e {again} ] && exec {real} "$@"\ntouch {again}; echo "{said}" >&2; exit 1\n'
    )
    stub.chmod(0o755)
    sandbox = LocalSandbox(home, wall="bubblewrap")
    assert sandbox._choose() == "bubblewrap"
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    assert sandbox.run(Job(tree, "echo through", "test")).output == b"through\n"
    assert again.exists()


@pytest.mark.parametrize("wall", ["bubblewrap", "namespaces"])
def test_the_tree_is_always_at_the_same_place(home: Path, tree: Path, wall: str) -> None:
    sandbox = local(home, wall)
    assert sandbox.run(Job(tree, "pwd", "test")).output == b"/testbed\n"


@pytest.mark.parametrize("wall", ["bubblewrap", "namespaces"])
def test_the_tree_can_stand_in_for_the_persons_folder(
    home: Path, tree: Path, tmp_path: Path, wall: str
) -> None:
    local(home, wall)
    project = tmp_path / "project"
    project.mkdir()
    (tree / "copy").touch()
    sandbox = LocalSandbox(home, at=project, wall=wall)
    assert sandbox.run(Job(tree, "pwd; ls", "test")).output == f"{project}\ncopy\n".encode()


def test_without_walls_there_are_still_limits(home: Path, tree: Path) -> None:
    sandbox = local(home, "rlimits")
    assert sandbox.walls()["network"] == "none"
    assert sandbox.run(Job(tree, "ulimit -c", "test")).output == b"0\n"


def test_a_wall_that_does_not_work_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="bubblewrap"):
        LocalSandbox(home, wall="bubblewrap").walls()
    assert LocalSandbox(home).walls()["writes"] != "bubblewrap"


def test_the_persons_own_environment_is_shown_and_nothing_beside_it(
    walled: LocalSandbox, home: Path, tree: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    venv = project / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (project / "secret").write_text("hush")
    sandbox = LocalSandbox(home, path=f"{venv}/bin:/usr/bin:/bin", wall=walled._choose())
    command = f"python -c 'import sys; print(sys.prefix)'; cat {project}/secret; touch {venv}/x"
    execution = sandbox.run(Job(tree, command, "test"))
    assert execution.output.startswith(f"{venv}\n".encode())
    assert b"hush" not in execution.output
    assert not (venv / "x").exists()


def test_a_home_is_never_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = tmp_path / "person"
    (person / "bin").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(person))
    hidden = layout.hidden()
    assert person in hidden
    assert layout.reveal([person, tmp_path, Path("/")], hidden) == frozenset()
    assert layout.reveal(layout.needed_by(f"{person}/bin"), hidden) == {person / "bin"}


def test_a_job_cannot_see_stillwaters_folder(walled: LocalSandbox, home: Path, tree: Path) -> None:
    (home / "database").write_text("evidence")
    assert b"evidence" not in walled.run(Job(tree, f"cat {home}/database", "test")).output


@pytest.mark.parametrize("wall", WALLS)
def test_a_job_cannot_read_the_database_beside_that_folder(tree: Path, wall: str) -> None:
    try:
        place = TemporaryDirectory(dir="/opt")
    except OSError:
        pytest.skip("nothing that jobs are shown can be written here")
    with place as name:
        names = ("record.db", "record.db-wal", "record.db.heads", "other.txt")
        for one in names:
            Path(name, one).write_text(f"evidence of {one}")
        Path(name, ".record").mkdir()
        sandbox = local(Path(name, ".record"), wall)
        command = "; ".join(f"cat {name}/{one}" for one in names)
        printed = sandbox.run(Job(tree, command, "test")).output
    assert b"evidence of other.txt" in printed
    assert printed.count(b"evidence") == 1


def test_a_database_in_a_folder_that_is_shown_is_covered_there_too(tmp_path: Path) -> None:
    tried = tmp_path / "try"
    (tried / ".runs").mkdir(parents=True)
    for name in ("runs.db", "runs.db-wal", "runs.schema-0004.2026.db", "runs-000001.json"):
        (tried / name).touch()
    covered = layout.belonging_to(tried / ".runs")
    assert {one.name for one in covered} == {"runs.db", "runs.db-wal", "runs.schema-0004.2026.db"}
    hidden = frozenset({tmp_path, tried / ".runs"})
    view = layout.View({}, frozenset({tried}), hidden, covered)
    assert ("read", str(tried / "runs.db"), os.devnull) in layout.mounts(view)
    assert str(tried / "runs-000001.json") in layout.allowed(view)["read"]
    assert str(tried / "runs.db") not in layout.allowed(view)["read"]
    unseen = layout.View({}, frozenset(), hidden, covered)
    assert all(target != str(tried / "runs.db") for _, target, _ in layout.mounts(unseen))


def test_other_databases_are_as_private_as_ones_own(tree: Path, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    sandbox = LocalSandbox(home, private=[other])
    assert other in layout.hidden(sandbox._private)


def test_reaping_spares_the_living(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        dead = home / "scratch" / f"{process.pid}-{scratch.start_time(process.pid)}-0"
        process.communicate(b"\n")
    (dead / "home").mkdir(parents=True)
    half, locked, ready = (home / "environments" / name for name in ("half", "locked", "ready"))
    for folder in (half, locked, ready):
        folder.mkdir(parents=True)
    (ready / "ready.json").write_text(json.dumps({}))
    sandbox = LocalSandbox(home)
    with scratch.scratch(home) as living, FileLock(home / "environments" / "locked.lock"):
        assert sandbox.reap() == 2
        assert living.is_dir()
    assert not dead.exists()
    assert not half.exists()
    assert locked.exists()
    assert ready.exists()


def test_scratch_goes_even_when_a_job_forbids_it(
    walled: LocalSandbox, home: Path, tree: Path
) -> None:
    walled.run(Job(tree, "mkdir -p $HOME/a/b && chmod 0 $HOME/a/b $HOME/a", "test"))
    assert list((home / "scratch").iterdir()) == []


def test_walls_are_named_in_order_of_strength() -> None:
    assert walls.KINDS == ("bubblewrap", "namespaces", "landlock", "rlimits")


def test_a_share_of_the_processors_is_a_control_groups() -> None:
    with groups.group(scratch.unique(), Limits(cpus=0.5)) as made:
        if made is None:
            pytest.skip("no control groups can be made here")
        names = ("cpu.max", "cpu.cfs_quota_us")
        set_to = [(f / n).read_text() for f in made.directories for n in names if (f / n).exists()]
    assert [text.split()[0] for text in set_to] in (["50000"], ["max"], [])


def test_where_no_control_group_can_be_made_jobs_run_without(
    home: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container, whose root may see the groups and not make any.
    for name in ("pids", "memory"):
        (tmp_path / name).symlink_to("/proc")
    monkeypatch.setattr(groups, "ROOT", tmp_path)
    sandbox = LocalSandbox(home)
    assert sandbox.run(Job(tree, "echo done", "test")).output == b"done\n"
    assert "control group" not in sandbox.walls().values()
