"""Logs: JSON lines into the run's folder, and people's lines on the terminal only where asked."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from structlog.typing import EventDict, WrappedLogger


class Log(io.TextIOWrapper):
    """A file of lines that never fails: a full disk takes the line, not the step that tells it."""

    def write(self, text: str) -> int:
        """Write it if the disk lets it."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush it if the disk lets it."""
        with suppress(OSError):
            super().flush()

    def close(self) -> None:
        """Close it, whatever the disk says."""
        with suppress(OSError):
            super().close()


def to_run_folder(folder: Path, also_tell: Callable[[str], None] | None = None) -> Log:
    """Send every log line of this process to `folder`/log.jsonl; returns the open file.

    `also_tell` gets each as a person reads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = Log((folder / "log.jsonl").open("ab"), encoding="utf-8", line_buffering=True)
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if also_tell:
        processors.append(_tee(also_tell))
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(serializer=_line)],
        logger_factory=structlog.WriteLoggerFactory(file),
        cache_logger_on_first_use=False,
    )
    return file


_encode = json.JSONEncoder(sort_keys=True, default=repr).encode


def _line(event: EventDict, **_: object) -> str:
    return _encode(event)


def _tee(tell: Callable[[str], None]) -> structlog.typing.Processor:
    def told(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        rest = event.keys() - {"event", "timestamp", "run"}
        facts = " ".join(f"{name}={value}" for name, value in event.items() if name in rest)
        tell(f"{event.get('timestamp')} {event['event']} {facts}")
        return event

    return told
