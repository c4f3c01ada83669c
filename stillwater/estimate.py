"""About how many tokens a text takes, without the model's own tokenizer."""

import re
from functools import lru_cache

_PIECE = re.compile(r"[A-Za-z]+|\d|\n *|[ \t]{2,}|[^\sA-Za-z\d\x80-\U0010ffff]+|[^\x00-\x7f]")
_LETTERS = 7


@lru_cache(maxsize=256)
def tokens(text: str) -> int:
    """An estimate, rather too high than too low.

    Of 43 files of seven repositories, as prompts show them, it gave from 0.98 to 1.39 of what
    Qwen2.5's tokenizer counts, with a median of 1.15; their characters a token go from 1.9 to 3.4,
    so that no one number serves. Digits count one each, as Qwen's do, not in threes as Llama 3's.
    """
    return sum(map(_of_piece, _PIECE.findall(text)))


def _of_piece(piece: str) -> int:
    first = piece[0]
    if first.isspace():
        return 1
    if not piece.isascii():
        return 2
    if first.isalpha():
        return 1 + (len(piece) - 1) // _LETTERS
    return (len(piece) + 1) // 2
