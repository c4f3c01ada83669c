"""Logs: JSON lines into the run's folder, and people's lines on the terminal only where asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger


def to_run_folder(folder: Path, also_tell: Callable[[str], None] | None = None) -> TextIO:
    """Send every log line of this process to `folder`/log.jsonl; returns the open file.

    `also_tell` gets each as a person reads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "log.jsonl").open("a", encoding="utf-8", buffering=1)
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
