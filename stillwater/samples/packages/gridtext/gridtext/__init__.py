"""Tables for terminals and for Markdown."""

from gridtext.delimited import read_csv, to_csv
from gridtext.errors import TableError
from gridtext.markdown import read_markdown, to_markdown
from gridtext.table import Column, Table
from gridtext.text import to_text
from gridtext.width import clip, display_width, pad

__all__ = [
    "Column",
    "Table",
    "TableError",
    "clip",
    "display_width",
    "pad",
    "read_csv",
    "read_markdown",
    "to_csv",
    "to_markdown",
    "to_text",
]
