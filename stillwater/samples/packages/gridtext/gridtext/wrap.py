"""Breaking text into lines by terminal columns."""

from __future__ import annotations

from gridtext.width import char_width, display_width


def wrap(text: str, width: int) -> list[str]:
    """Lines no wider than ``width``; words that are wider are broken."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        current = ""
        for word in paragraph.split():
            for piece in _pieces(word, width):
                joined = f"{current} {piece}" if current else piece
                if display_width(joined) <= width:
                    current = joined
                    continue
                lines.append(current)
                current = piece
        lines.append(current)
    return lines


def _pieces(word: str, width: int) -> list[str]:
    pieces: list[str] = []
    current = ""
    for char in word:
        if current and display_width(current) + char_width(char) > width:
            pieces.append(current)
            current = ""
        current += char
    return [*pieces, current]
