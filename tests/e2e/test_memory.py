"""Beginning with too little memory: one sentence, wherever in loading Python it runs out."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, environment
from tests.patience import DEADLINE

PEAK = "print([x.split()[1] for x in open('/proc/self/status') if 'VmPeak' in x][0])"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("more", [8, 16, 24, 32, 40])
def test_too_little_memory_to_begin_is_one_sentence(tmp_path: Path, more: int) -> None:
    bare = int(subprocess.check_output([sys.executable, "-c", PEAK])) << 10
    limit = bare + (more << 20)
    ended = subprocess.run(
        [sys.executable, "-m", "stillwater", "status"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        cwd=tmp_path,
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ended.stderr.startswith("stillwater: out of memory"), ended.stderr
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
