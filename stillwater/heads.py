"""Heads of a chain, kept outside its database: a line each, `id sha256 time`, oldest first.

Where certificates are signed, so are heads: `ed25519:` and the signature end the line then.

Whoever has a head can tell whether the chain still holds all that it held then, for a head's digest
vouches for every row before it. Beside a database its scheduler keeps the file `<database>.heads`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from stillwater import where

_LINE = re.compile(
    r"(?:([1-9][0-9]{0,18}) )?([0-9a-f]{64})(?: ([0-9TZ:.+-]+))?"
    r"(?: ed25519:([0-9a-f]{128}))?"
)


@dataclass(frozen=True)
class Head:
    """The digest of a transition, its id, and when it was kept; the last two may be unknown.

    `signature` is that of the rest, in hexadecimal; None where nobody signed.
    """

    sha256: str
    id: int | None = None
    at: str | None = None
    signature: str | None = None

    def __str__(self) -> str:
        signed = self.signature and f"ed25519:{self.signature}"
        parts = (self.id, self.sha256, self.at, signed)
        return " ".join(str(one) for one in parts if one is not None)


class NotHeads(ValueError):
    """The number of the line that is no head."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not a head: `id sha256 time`, or a digest alone")
        self.line = line


def beside(db: where.Database) -> Path:
    """The file of the heads of the database."""
    return where.beside(db, ".heads")


def parse(content: bytes, *, may_be_torn: bool) -> list[Head]:
    """The heads of a file; NotHeads for what is none.

    `may_be_torn` lets the last line be incomplete, as a power cut in the middle of a write leaves
    it: nobody was told of that head.
    """
    *lines, rest = content.decode("utf-8", "replace").split("\n")
    found = []
    for number, line in enumerate([*lines, rest], 1):
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match:
            found.append(Head(match[2], int(match[1]) if match[1] else None, match[3], match[4]))
        elif line.strip() and not (may_be_torn and number > len(lines)):
            raise NotHeads(number)
    return found
