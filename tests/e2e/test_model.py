"""A model's server that refuses: the run stops, says why, and goes on when that is mended."""

from pathlib import Path

from tests.e2e.command import stillwater
from tests.models.server import Script, openai_server


def test_a_refused_key_stops_the_run_and_resume_goes_on(tmp_path: Path) -> None:
    script = Script(text="no idea", status=401, error="invalid key", context=16384)
    with openai_server(script) as base:
        done = stillwater(
            tmp_path, "run", "--limit", "2", "--attempts", "1", "--sandbox", "local",
            "--model", "openai/local", "--set", f"api_base={base}",
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "invalid key" in done.stderr
        assert "stillwater resume" in done.stdout
        assert "Traceback" not in done.stderr
        script.status = 200
        resumed = stillwater(tmp_path, "resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "Final: 0/2" in resumed.stdout
