"""CSV, in and out."""

from __future__ import annotations

import csv
import io

from gridtext.cells import parse_value
from gridtext.errors import TableError
from gridtext.table import Table


def read_csv(text: str, delimiter: str = ",") -> Table:
    """Read CSV text whose first line names the columns; short rows are filled up."""
    lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    if not lines:
        raise TableError("no heading")
    head, body = lines[0], lines[1:]
    rows = []
    for row in body:
        filled = row + [""] * (len(head) - len(row))
        rows.append([parse_value(cell) for cell in filled])
    return Table([name.strip() for name in head], rows)


def to_csv(table: Table, delimiter: str = ",") -> str:
    """CSV text with a heading."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(column.name for column in table.columns)
    writer.writerows(table.texts())
    return out.getvalue()
