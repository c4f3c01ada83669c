"""The log of a run: lines of JSON, and no step that fails for it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from stillwater import logs

FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_each_line_is_json_and_there_at_once(tmp_path: Path) -> None:
    with logs.to_run_folder(tmp_path / "runs" / "r"):
        structlog.get_logger().info("transition", instance="ü")
        (line,) = (tmp_path / "runs" / "r" / "log.jsonl").read_text("utf-8").splitlines()
    assert (json.loads(line)["event"], json.loads(line)["instance"]) == ("transition", "ü")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_disk_takes_the_line_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to(FULL)
    with logs.to_run_folder(tmp_path):
        structlog.get_logger().warning("world failed", reason="no space")
        structlog.get_logger().info("transition")
