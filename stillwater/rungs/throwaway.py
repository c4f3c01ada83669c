"""Folders for what a rung makes, and its log, gone at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from stillwater import logs
from stillwater.sandbox import scratch


@contextmanager
def home() -> Iterator[Path]:
    """A folder that is removed at the end, whatever modes tests left; log lines go there too."""
    before = structlog.get_config()
    with scratch.folder("rung") as made:
        try:
            with logs.to_run_folder(made / "log"):
                yield made
        finally:
            structlog.configure(**before)
