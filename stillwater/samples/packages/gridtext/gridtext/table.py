"""Rows under named columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridtext.cells import format_value, is_number
from gridtext.errors import TableError
from gridtext.width import Align


@dataclass(frozen=True)
class Column:
    """A name, and how to draw what is below it. ``width`` wraps, ``digits`` rounds floats."""

    name: str
    align: Align | None = None
    width: int | None = None
    digits: int | None = None


class Table:
    """Columns and rows. Methods return new tables; nothing changes in place."""

    def __init__(self, columns: Sequence[Column | str], rows: Iterable[Sequence[Any]] = ()) -> None:
        self.columns = [Column(c) if isinstance(c, str) else c for c in columns]
        self.rows = [list(row) for row in rows]
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise TableError(f"row {number} has {len(row)} cells, not {len(self.columns)}")

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, Any]], columns: Sequence[Column | str] | None = None
    ) -> Table:
        """One row for each mapping; without ``columns``, every key in order of appearance."""
        records = list(records)
        if columns is None:
            # A dict, not a set: it keeps the order.
            columns = list(dict.fromkeys(key for record in records for key in record))
        table = cls(columns)
        table.rows = [[record.get(c.name) for c in table.columns] for record in records]
        return table

    def __len__(self) -> int:
        return len(self.rows)

    def index(self, name: str) -> int:
        """The position of a column."""
        for position, column in enumerate(self.columns):
            if column.name == name:
                return position
        raise TableError(f"no column {name!r}")

    def column(self, name: str) -> list[Any]:
        """All values of a column."""
        position = self.index(name)
        return [row[position] for row in self.rows]

    def select(self, *names: str) -> Table:
        """Only these columns, in this order."""
        positions = [self.index(name) for name in names]
        return Table(
            [self.columns[p] for p in positions],
            ([row[p] for p in positions] for row in self.rows),
        )

    def sort(self, name: str, reverse: bool = False) -> Table:
        """Rows by the values of a column; empty cells always come last."""
        position = self.index(name)
        full = [row for row in self.rows if row[position] is not None]
        empty = [row for row in self.rows if row[position] is None]
        full.sort(key=lambda row: row[position], reverse=reverse)
        return Table(self.columns, full + empty)

    def texts(self) -> list[list[str]]:
        """The text of every cell."""
        return [
            [
                format_value(value, column.digits)
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    def alignments(self) -> list[Align]:
        """What each column says, or right when all its values are numbers."""
        found: list[Align] = []
        for position, column in enumerate(self.columns):
            values = [row[position] for row in self.rows if row[position] is not None]
            numeric = bool(values) and all(is_number(value) for value in values)
            found.append(column.align or ("right" if numeric else "left"))
        return found
