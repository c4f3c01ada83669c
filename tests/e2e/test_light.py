"""What a person waits for: commands that only look must not import the heavy libraries."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, environment, stillwater
from tests.patience import DEADLINE

CODE = """
import sys
sys.argv = ["stillwater", *sys.argv[1:]]
from stillwater.cli.main import main
try:
    main()
except SystemExit:
    pass
heavy = {"litellm", "docker", "alembic", "pyarrow", "datasets", "swebench"} & set(sys.modules)
print("heavy:", sorted(heavy))
print("repairs:", "stillwater.scheduler" in sys.modules)
"""


@pytest.mark.parametrize("words", [("--help",), ("status",), ("report", "--json")])
def test_looking_imports_neither_litellm_nor_docker(tmp_path: Path, words: tuple[str, ...]) -> None:
    run = ("run", "--limit", "1", "--model", "builtin/mutate", "--sandbox", "local")
    assert stillwater(tmp_path, *run, "--attempts", "1").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words], cwd=tmp_path, text=True, capture_output=True,
        env=environment(tmp_path) | {"PYTHONPATH": str(ROOT)}, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert "heavy: []" in done.stdout, done.stdout + done.stderr
    # Help tells of all commands; the others load what they need themselves.
    assert ("repairs: False" in done.stdout) == (words != ("--help",))
