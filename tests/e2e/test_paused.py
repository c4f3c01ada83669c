"""SIGSTOP: a paused scheduler's work is taken over after its lease, and then it can't commit."""

import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.e2e.audit import audited, check_paths
from tests.e2e.command import processes_in, started, stillwater
from tests.e2e.test_signals import wait_for_transition
from tests.patience import DEADLINE

RUN = ("run", "samples", "--model", "builtin/mutate", "--sandbox", "local", "--attempts", "2")
LEASE = {"STILLWATER_LEASE_SECONDS": "1"}


def test_a_paused_scheduler_is_overtaken_and_says_so_when_it_goes_on(tmp_path: Path) -> None:
    paused = started(tmp_path, *RUN, "--limit", "4", **LEASE)
    wait_for_transition(tmp_path / "stillwater.db")
    paused.send_signal(signal.SIGSTOP)

    done = resumed(tmp_path, paused)

    assert done.returncode == 0, done.stderr
    assert "Final: " in done.stdout
    paused.send_signal(signal.SIGCONT)
    assert paused.wait(DEADLINE) == 1
    said = (tmp_path / "out.txt").read_text()
    assert "paused for longer than its lease" in said
    assert "Traceback" not in said
    audited(tmp_path)
    check_paths(tmp_path / "stillwater.db")
    assert processes_in(tmp_path) == []
    with closing(sqlite3.connect(tmp_path / "stillwater.db")) as raw:
        epochs = raw.execute("SELECT pid = ? FROM epochs ORDER BY id", (paused.pid,)).fetchall()
    assert epochs == [(True,), (False,)]


def resumed(folder: Path, paused: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """The resume that takes over: while the lease lasts it is refused, which changes nothing."""
    for _ in range(60):
        done = stillwater(folder, "resume", **LEASE)
        if done.returncode == 1 and "is locked" in done.stderr:
            # It was paused within a commit, where it holds SQLite's own lock.
            paused.send_signal(signal.SIGCONT)
            paused.send_signal(signal.SIGSTOP)
        elif done.returncode != 2 or "another scheduler" not in done.stderr:
            break
    return done
