"""Canonical JSON (RFC 8785) and SHA-256: what every digest in the evidence is computed from."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

import rfc8785

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


_EXACT = 2**53
_SURROGATE = re.compile("[\ud800-\udfff]")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def canonical(value: Json) -> bytes:
    """The bytes that RFC 8785 gives `value`; raises ValueError for what JSON can't hold."""
    return _encode(value).encode() if _is_plain(value) else rfc8785.dumps(value)


def _is_plain(value: Json) -> bool:
    """Whether Python's own encoder, many times as fast, gives `value` the same bytes.

    It does but for numbers that JavaScript writes otherwise, keys whose order depends on the
    encoding, and what RFC 8785 refuses.
    """
    if type(value) is str:
        return value.isascii() or not _SURROGATE.search(value)
    if type(value) is dict:
        return all(type(k) is str and k.isascii() and _is_plain(v) for k, v in value.items())
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is float:
        return 1e-4 <= abs(value) < _EXACT and not value.is_integer()
    if type(value) is int:
        return abs(value) < _EXACT
    return value is None or type(value) is bool


def digest(content: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()
