"""Percent-encoding, as RFC 3986 has it."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def encode(text: str, keep: str = "") -> str:
    """Every byte but letters, digits, ``-._~`` and those in ``keep`` as ``%XX``."""
    allowed = UNRESERVED | frozenset(keep.encode())
    return "".join(chr(b) if b in allowed else f"%{b:02X}" for b in text.encode("utf-8"))


def decode(text: str) -> str:
    """The text with ``%XX`` replaced; what is not UTF-8 becomes U+FFFD."""

    def replace(match: re.Match[str]) -> str:
        return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")

    return _ESCAPES.sub(replace, text)
