"""Hostile test code: what tests/sandbox/test_promises.py doesn't hold, in each sandbox."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwater.sandbox import Job, LocalSandbox, Sandbox
from stillwater.sandbox.launcher import landlock_abi
from tests.sandbox.conftest import Run, running

SCOPES_SIGNALS = 6
"""The first ABI of Landlock that keeps signals in."""
SETTINGS = "/proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/swappiness"
SHARE = """
import ctypes, sys
print(ctypes.CDLL(None).shmget(int(sys.argv[1]), 4096, 0o1666))
"""
FILL = "for n in $(seq 200); do head -c 1000000 /dev/zero > /dev/shm/$n; done 2>/dev/null"
FILL += "; du -sk /dev/shm 2>/dev/null | cut -f1"
MOST_SHARED = 64 << 10
"""KiB of it that a container has."""
SLEEP = "612345"


@pytest.fixture
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of the same user, outside."""
    with subprocess.Popen(["sleep", SLEEP]) as process:
        yield process
        process.kill()


def is_unscoped(sandbox: Sandbox) -> bool:
    """Whether nothing keeps the job's signals in."""
    return sandbox.walls()["processes"] == "subreaper" and landlock_abi() < SCOPES_SIGNALS


def test_a_job_has_no_rights(run: Run) -> None:
    tries = ("mknod d c 1 3", "mount -t tmpfs none .", "unshare -Ur true")
    command = "".join(f"({one}) 2>/dev/null && echo did {one};" for one in tries)
    said = run(f"{command} cat /proc/self/status").output.decode()
    found = dict(re.findall(r"^(CapEff|CapPrm|NoNewPrivs):\s*(\w+)$", said, re.MULTILINE))
    assert found.pop("NoNewPrivs") == "1"
    assert {int(held, 16) for held in found.values()} == {0}
    assert "did " not in said


def test_neither_the_kernels_settings_nor_its_devices_can_be_changed(run: Run) -> None:
    # Each setting is given the value that it has: a hole would show and change nothing.
    command = f"for f in {SETTINGS}; do v=$(cat $f) && (echo $v > $f) 2>/dev/null && echo $f; done"
    command += "; (echo x > /dev/new) 2>/dev/null && echo /dev; echo > /dev/null && echo done"
    assert run(command).output == b"done\n"


def test_modes_outside_are_kept_by_mounts_and_not_by_landlock(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "outside"
    file.touch(0o600)
    run(f"chmod 644 {file}")
    is_changed = file.stat().st_mode & 0o777 == 0o644
    assert is_changed == (sandbox.walls()["writes"] == "Landlock")


def test_shared_memory_is_the_jobs_own(run: Run) -> None:
    command = "ls /dev/shm 2>/dev/null | grep kept; (echo x > /dev/shm/kept) 2>/dev/null; echo done"
    assert run(command).output == run(command).output == b"done\n"


def test_shared_memory_is_bounded(run: Run, looking_often: None) -> None:
    execution = run(FILL, disk_bytes=4 << 20, memory_bytes=128 << 20)
    assert execution.stopped in {"disk", "memory"} or int(execution.output or 0) <= MOST_SHARED


def test_system_v_objects_do_not_reach_the_machine(run: Run, tree: Path) -> None:
    key = uuid.uuid4().int & 0x3FFFFFFF
    (tree / "share.py").write_text(SHARE)
    assert run(f"python share.py {key}").output.strip() in {b"0", b"-1"}
    segments = Path("/proc/sysvipc/shm").read_text().split("\n")[1:]
    assert key not in {int(line.split()[0]) for line in segments if line}


def test_what_only_root_can_read_is_hidden_though_root_runs_stillwater(
    run: Run, sandbox: Sandbox
) -> None:
    places = "" if sandbox.kind == "docker" else "find /etc/ssh /etc/ssl/private /var/log -type f;"
    assert run(f"({places} cat /etc/shadow /etc/gshadow) 2>/dev/null").output == b""


def test_other_processes_are_neither_killed_nor_seen(
    run: Run, sandbox: Sandbox, bystander: "subprocess.Popen[bytes]"
) -> None:
    # Processes of others may end between being listed and being read.
    listed = "cat /proc/[0-9]*/cmdline 2>/dev/null"
    seen = f"{listed} | tr '\\0' ' ' | grep -c 'sleep {SLEEP[:-1]}[{SLEEP[-1]}]'"
    kill = "" if is_unscoped(sandbox) else f"kill -9 {bystander.pid} 2>/dev/null && echo killed;"
    # Landlock knows nothing of processes: documented as not stopped.
    shown = sandbox.walls()["processes"] == "subreaper"
    assert run(f"{kill} {seen}").output == (b"1\n" if shown else b"0\n")
    assert bystander.poll() is None


def test_killing_the_supervisor_frees_nobody(run: Run, sandbox: Sandbox, marker: str) -> None:
    if is_unscoped(sandbox):
        pytest.skip("this kernel's Landlock lets signals out")
    daemon = f"(setsid sh -c 'sleep 60; : {marker}' >/dev/null 2>&1 &)"
    execution = run(f"{daemon}; kill -9 $PPID 2>/dev/null; exit 3")
    assert execution.exit_code in {3, 137}
    assert running(marker) == []
    assert run("echo next").output == b"next\n"


def test_the_supervisors_report_cannot_be_written(run: Run) -> None:
    command = "for f in /proc/$PPID/fd/*; do echo exit 0 > $f; done 2>/dev/null; exit 3"
    assert run(command).exit_code == 3


def test_the_supervisor_cannot_be_taken_over(run: Run, sandbox: Sandbox, tree: Path) -> None:
    if sandbox.kind == "docker":
        pytest.skip("what judges is the engine, outside; in here is only the container's init")
    (tree / "take.py").write_text("import os\nopen(f'/proc/{os.getppid()}/mem', 'r+b')\n")
    execution = run("exec python take.py")
    assert b"PermissionError" in execution.output


def test_what_the_machine_shows_everyone_is_shown_to_jobs(walled: LocalSandbox, tree: Path) -> None:
    """Not stopped: documented as such."""
    execution = walled.run(Job(tree, "cat /etc/passwd", "test"))
    assert execution.output == Path("/etc/passwd").read_bytes()


def test_without_walls_a_job_can_do_what_the_user_can(home: Path, tree: Path) -> None:
    """Not stopped: documented as such."""
    outside = tree.parent / "outside"
    execution = LocalSandbox(home, wall="rlimits").run(Job(tree, f"echo x > {outside}", "test"))
    assert execution.exit_code == 0
    assert outside.read_text() == "x\n"
