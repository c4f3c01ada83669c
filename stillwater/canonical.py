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
    try:
        return _encode(_plain(value)).encode()
    except _NotPlain:
        return rfc8785.dumps(value)


class _NotPlain(Exception):
    """Python's own encoder would give other bytes."""


def _plain(value: Json) -> Json:
    """`value` so that Python's own encoder, many times as fast, gives it the right bytes.

    It does but for numbers that JavaScript writes otherwise (whole ones are made integers here),
    keys whose order depends on the encoding, and what RFC 8785 refuses.
    """
    if type(value) is str:
        return _checked(value, value.isascii() or not _SURROGATE.search(value))
    if type(value) is dict:
        ascii_keys = all(type(key) is str and key.isascii() for key in value)
        return _checked({key: _plain(one) for key, one in value.items()}, ascii_keys)
    if type(value) is list:
        return [_plain(one) for one in value]
    if type(value) is float and not value.is_integer():
        return _checked(value, 1e-4 <= abs(value) < _EXACT)
    if type(value) is float or type(value) is int:
        return _checked(int(value), abs(value) < _EXACT)
    return _checked(value, value is None or type(value) is bool)


def _checked(value: Json, is_plain: bool) -> Json:
    if not is_plain:
        raise _NotPlain
    return value


def digest(content: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def storable(text: str) -> str:
    """The text with `?` for half characters (lone surrogates): JSON admits them, UTF-8 doesn't."""
    return text.encode("utf-8", "replace").decode()
