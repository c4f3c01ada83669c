"""Sealing an outcome: all that a commit needs of it and that can be had before the writer's turn.

Digests, canonical JSON and compression are the work of the thread that ran the step.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import zstandard

from stillwater.canonical import Json, canonical
from stillwater.errors import StillwaterError
from stillwater.snapshot import Artifact

LEVEL = 3
"""Of zstd: prompts and logs shrink to a quarter at some 200 MB/s."""


class UnfitEvidence(StillwaterError):
    """Evidence that JSON can't hold: a defect of the step that gave it; nothing was written."""


@dataclass(frozen=True)
class Sealed:
    """Evidence, names of its artifacts included, as it is and as canonical JSON.

    `contents` are the compressed artifacts one after the other; `listed` says as JSON, of each,
    its SHA-256, kind, media type, size, and where in `contents` it begins (from 1) and how many
    bytes it has there.
    """

    evidence: Mapping[str, Json]
    canonical: bytes
    listed: str
    contents: bytes


_encode = json.JSONEncoder().encode


class _Compressor(threading.local):
    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=LEVEL).compress


_compressor = _Compressor()


def seal(evidence: Mapping[str, Json], artifacts: Mapping[str, Artifact]) -> Sealed:
    """What of an outcome goes into the database; UnfitEvidence for what JSON can't hold."""
    named: dict[str, Json] = {name: blob.sha256 for name, blob in artifacts.items()}
    complete = {**evidence, "artifacts": named} if named else dict(evidence)
    try:
        text = canonical(complete)
    except (ValueError, TypeError) as error:
        raise UnfitEvidence(f"the evidence can't be stored as JSON: {error}") from error
    parts: list[bytes] = []
    listed: list[tuple[str, str, str, int, int, int]] = []
    begin = 1
    for sha256, blob in {blob.sha256: blob for blob in artifacts.values()}.items():
        part = _compressor.compress(blob.content)
        listed.append((sha256, blob.kind, blob.media_type, len(blob.content), begin, len(part)))
        parts.append(part)
        begin += len(part)
    return Sealed(complete, text, _encode(listed), b"".join(parts))
