"""Canonical JSON (RFC 8785) and SHA-256: what every digest in the evidence is computed from."""

import hashlib
from collections.abc import Mapping, Sequence

import rfc8785

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


def canonical(value: Json) -> bytes:
    """The bytes that RFC 8785 gives `value`; raises ValueError for what JSON can't hold."""
    return rfc8785.dumps(value)


def digest(content: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()
