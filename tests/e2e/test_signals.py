"""SIGINT and SIGTERM: a clean stop within ten seconds, and the line that says how to go on."""

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stillwater.store import Store
from tests.e2e.audit import audited
from tests.e2e.command import ROOT, environment, processes_in, started, stillwater
from tests.patience import DEADLINE

RUN = ("run", "samples", "--model", "builtin/mutate", "--sandbox", "local", "--attempts", "2")


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly_and_resume_goes_on(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    process = started(tmp_path, *RUN, "--limit", "3")
    wait_for_transition(tmp_path / "stillwater.db")
    process.send_signal(signum)
    assert process.wait(DEADLINE) == code
    said = (tmp_path / "out.txt").read_text()
    assert "stillwater resume" in said
    assert "Traceback" not in said
    assert processes_in(tmp_path) == []
    audited(tmp_path)
    done = stillwater(tmp_path, "resume")
    assert done.returncode == 0, done.stderr
    assert "Final: " in done.stdout


def test_a_hangup_that_is_ignored_as_by_nohup_stops_nothing(tmp_path: Path) -> None:
    process = started(tmp_path, *RUN, "--limit", "1", before=("nohup",))
    wait_for_transition(tmp_path / "stillwater.db")
    process.send_signal(signal.SIGHUP)
    assert process.wait(DEADLINE) == 0
    assert "Final: " in (tmp_path / "out.txt").read_text()


def test_a_reader_that_goes_away_ends_no_run(tmp_path: Path) -> None:
    words = shlex.join([sys.executable, "-m", "stillwater", *RUN, "--limit", "2"])
    read = subprocess.run(
        ["bash", "-c", f"{words} | head -c 1; exit ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        env=environment(tmp_path) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (read.returncode, read.stderr) == (0, b"")
    with Store.open(tmp_path / "stillwater.db", read_only=True) as store:
        (run,) = store.runs()
        assert run.finished_at is not None


def wait_for_transition(db: Path, seconds: float = 60.0) -> None:
    """Until the run has committed something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if db.exists():
            try:
                with Store.open(db, read_only=True) as store:
                    rows = [row for run in store.runs() for row in store.machines(run.id)]
                    if any(store.history(row.id) for row in rows):
                        return
            except Exception:
                pass
        time.sleep(0.05)
    pytest.fail("nothing was committed")
