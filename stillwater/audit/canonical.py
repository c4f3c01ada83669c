"""Whether a text is canonical JSON (RFC 8785), quickly where that is certain."""

import json
import re
from contextlib import suppress
from typing import Any

import rfc8785

_EXACT = 2**53
_LATE = re.compile("[\ue000-\U0010ffff]")
"""Characters that UTF-16 sorts otherwise than Python."""
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class NotCanonical(ValueError):
    """The text is not the canonical form of what it says."""


def parse(text: str) -> Any:
    """What the text says; NotCanonical if it isn't JSON, or not just as RFC 8785 writes it."""
    try:
        value, same = _compared(text)
    except (ValueError, RecursionError) as error:
        raise NotCanonical(str(error)) from error
    if not same:
        raise NotCanonical("RFC 8785 writes it otherwise")
    return value


def _compared(text: str) -> tuple[Any, bool]:
    if text.isascii() or _LATE.search(text) is None:
        with suppress(_UnsureError):
            value = _decode(text)
            return value, _encode(value) == text
    value = json.loads(text, parse_int=_as_javascript)
    return value, rfc8785.dumps(value) == text.encode()


class _UnsureError(Exception):
    """A number that JavaScript writes otherwise than Python."""


def _float(text: str) -> float:
    value = float(text)
    if 1e-4 <= abs(value) < _EXACT and not value.is_integer():
        return value
    raise _UnsureError


def _int(text: str) -> int:
    if len(text) < 16:
        return int(text)
    raise _UnsureError


def _as_javascript(text: str) -> int | float:
    value = int(text)
    return value if abs(value) < _EXACT else float(text)


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


_decode = json.JSONDecoder(parse_float=_float, parse_int=_int, parse_constant=_constant).decode
