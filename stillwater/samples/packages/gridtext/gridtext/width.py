"""How many columns of a terminal a text takes, and fitting it into them."""

from __future__ import annotations

import unicodedata
from typing import Literal

Align = Literal["left", "right", "center"]

ELLIPSIS = "…"


def char_width(char: str) -> int:
    """0 for combining marks and invisible characters, 2 for wide ones, else 1."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def display_width(text: str) -> int:
    """Terminal columns that one line of text takes."""
    return sum(char_width(char) for char in text)


def clip(text: str, width: int) -> str:
    """The text, or as much of its beginning as fits, with an ellipsis."""
    if display_width(text) <= width:
        return text
    room = width - display_width(ELLIPSIS)
    kept = []
    for char in text:
        room -= char_width(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept) + ELLIPSIS


def pad(text: str, width: int, align: Align = "left") -> str:
    """The text with blanks around it, so that it takes ``width`` columns."""
    missing = max(0, width - display_width(text))
    if align == "right":
        return " " * missing + text
    if align == "center":
        left = missing // 2
        return " " * left + text + " " * (missing - left)
    return text + " " * missing
