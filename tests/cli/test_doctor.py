from pathlib import Path

import pytest

from stillwater.store import SchedulerLease

from .conftest import Cli

GOOD = 'models = ["builtin/mutate"]\nsandbox = "local"\n'


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    for name in ("STILLWATER_API_KEY", "STILLWATER_MODELS", "STILLWATER_SANDBOX"):
        monkeypatch.delenv(name, raising=False)


def settings(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text)
    return file


def test_a_machine_where_a_run_could_start(cli: Cli, db: Path, tmp_path: Path) -> None:
    file = settings(tmp_path, GOOD)
    result = cli("doctor", "--config", file, "--db", db)
    assert result.exit_code == 0, result.output
    assert "without the WAL-reset defect" in result.output
    assert f"{db}, schema 0" in result.output
    assert "no  sandbox docker" in result.output
    assert "→ start Docker, or set DOCKER_HOST" in result.output
    assert "ok  model builtin/mutate" in result.output
    assert "A run can start" in result.output
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {"some.db-wal", "some.db-shm"} == {"some.db", "settings.toml"}


def test_without_a_model_nothing_can_start_and_no_secret_is_told(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLWATER_API_KEY", "sk-very-secret")
    text = 'models = ["openai/x"]\napi_base = "http://me:sk-very-secret@127.0.0.1:1/v1"\n'
    file = settings(tmp_path, text + 'sandbox = "local"\n')
    result = cli("doctor", "--config", file, "--db", tmp_path / "none.db")
    assert result.exit_code == 1
    assert "no model can be reached" in result.output
    assert "none yet" in result.output
    assert "secret" not in result.output


def test_a_sandbox_that_was_asked_for_must_work(cli: Cli, tmp_path: Path) -> None:
    file = settings(tmp_path, 'models = ["builtin/mutate"]\nsandbox = "docker"\n')
    result = cli("doctor", "--config", file, "--db", tmp_path / "none.db")
    assert result.exit_code == 1
    assert "no sandbox works (docker)" in result.output


def test_a_wrong_setting_is_named(cli: Cli, tmp_path: Path) -> None:
    file = settings(tmp_path, "atempts = 3\n")
    result = cli("doctor", "--config", file, "--db", tmp_path / "none.db")
    assert result.exit_code == 1
    assert "did you mean attempts" in result.output


def test_a_database_that_is_no_database_is_said(cli: Cli, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_text("not a database, but long enough to be told from an empty one " * 20)
    result = cli("doctor", "--config", settings(tmp_path, GOOD), "--db", other)
    assert result.exit_code == 1
    assert "is not a database" in result.output


def test_a_database_that_a_scheduler_holds_is_said(cli: Cli, db: Path, tmp_path: Path) -> None:
    with SchedulerLease.acquire(db, "run-old"):
        result = cli("doctor", "--config", settings(tmp_path, GOOD), "--db", db)
    assert result.exit_code == 1
    assert "works on it" in result.output
