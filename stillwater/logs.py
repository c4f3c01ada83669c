"""Logs: JSON lines into the run's folder, and people's lines on the terminal only where asked."""

import json
import sys
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger


def to_run_folder(folder: Path, *, also_terminal: bool = False) -> TextIO:
    """Send every log line of this process to `folder`/log.jsonl; returns the open file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "log.jsonl").open("a", encoding="utf-8", buffering=1)
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if also_terminal:
        processors.append(_tee)
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(serializer=_line)],
        logger_factory=structlog.WriteLoggerFactory(file),
        cache_logger_on_first_use=False,
    )
    return file


_encode = json.JSONEncoder(sort_keys=True, default=repr).encode


def _line(event: EventDict, **_: object) -> str:
    return _encode(event)


def _tee(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    facts = " ".join(f"{k}={v}" for k, v in event.items() if k not in {"event", "timestamp", "run"})
    print(f"{event.get('timestamp')} {event['event']} {facts}", file=sys.stderr)
    return event
