"""Folders for what a rung makes, and its log, gone at the end."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from stillwater import logs
from stillwater.sandbox import scratch


@contextmanager
def home() -> Iterator[Path]:
    """A folder that is removed at the end, whatever modes tests left; log lines go there too."""
    made = Path(tempfile.mkdtemp(prefix="stillwater-rung-"))
    before = structlog.get_config()
    try:
        with logs.to_run_folder(made / "log"):
            yield made
    finally:
        structlog.configure(**before)
        scratch.remove(made)
