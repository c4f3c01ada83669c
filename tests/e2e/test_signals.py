"""SIGINT and SIGTERM: a clean stop within ten seconds, and the line that says how to go on."""

import signal
import time
from pathlib import Path

import pytest

from stillwater.store import Store
from tests.e2e.audit import audited
from tests.e2e.command import processes_in, started, stillwater

RUN = ("run", "samples", "--model", "builtin/mutate", "--sandbox", "local", "--attempts", "2")


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly_and_resume_goes_on(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    process = started(tmp_path, *RUN, "--limit", "3")
    wait_for_transition(tmp_path / "stillwater.db")
    begun = time.monotonic()
    process.send_signal(signum)
    assert process.wait(30) == code
    assert time.monotonic() - begun < 10
    said = (tmp_path / "out.txt").read_text()
    assert "stillwater resume" in said
    assert "Traceback" not in said
    assert processes_in(tmp_path) == []
    audited(tmp_path)
    done = stillwater(tmp_path, "resume")
    assert done.returncode == 0, done.stderr
    assert "Final: " in done.stdout


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
