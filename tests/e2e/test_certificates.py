"""A key is configured: a run's heads are signed by it, and so is its certificate."""

from pathlib import Path

from tests.e2e.command import stillwater

RUN = ("run", "--model", "builtin/mutate", "--sandbox", "local", "--attempts", "2")
REPAIRED = "ledger__ledger-118"
"""What the search repairs at its second attempt."""


def test_a_run_is_signed_and_its_certificate_verified_elsewhere(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    assert stillwater(here, "key", "new", "k").returncode == 0
    (here / "stillwater.toml").write_text('certificate_key = "k"\n')
    done = stillwater(here, *RUN, "--instance", REPAIRED)
    assert "Final: 1/1 verified" in done.stdout, done.stdout + done.stderr
    done = stillwater(here, "audit", "--quick", "--public-key", "k.pub")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signed, up to transition" in done.stdout
    done = stillwater(here, "export", "certificates", "--out", str(there))
    assert "1 certificates, signed by the key" in done.stderr
    public = str(here / "k.pub")
    done = stillwater(there, "verify", f"{REPAIRED}.json", "--public-key", public)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Signed by the given key" in done.stdout
    assert [path.name for path in there.iterdir()] == [f"{REPAIRED}.json"]


def test_a_key_that_can_not_sign_stops_a_run_before_it_starts(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("hush")
    done = stillwater(tmp_path, *RUN, "--limit", "1", STILLWATER_CERTIFICATE_KEY="k")
    assert done.returncode == 2
    assert "k is no private key" in done.stderr
    assert "hush" not in done.stdout + done.stderr
    assert "holds no run" in stillwater(tmp_path, "report").stderr
