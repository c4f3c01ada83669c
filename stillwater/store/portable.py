"""Statements that SQLite and PostgreSQL both answer, where the two have different words.

In the text of such a statement stand, for either's own way to say it,

- `fact(t.evidence, usage.model)`: what is at that path within JSON, as text;
- `number(t.evidence, usage.cached_tokens)`: the number there, NULL where there is none;
- `seconds(t.started_at, t.finished_at)`: from one stored time to another.
"""

import re
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, TextClause, text

_AT_PATH = re.compile(r"\b(fact|number)\(([\w.]+), ([\w.]+)\)")
_SECONDS = re.compile(r"\bseconds\(([\w.]+), ([\w.]+)\)")


class Portable:
    """One statement, for either database."""

    def __init__(self, statement: str) -> None:
        self._texts = {name: text(say(statement)) for name, say in SAYING.items()}

    def on(self, connection: Connection) -> TextClause:
        """The statement as the database of that connection understands it."""
        return self._texts[connection.dialect.name]


def _sqlite(statement: str) -> str:
    found = _AT_PATH.sub(r"\2 ->> '$.\3'", statement)
    return _SECONDS.sub(r"(julianday(\2) - julianday(\1)) * 86400.0", found)


def _postgresql(statement: str) -> str:
    # Functions of these names are part of the schema there: alembic/postgresql/0001_tables.sql.
    def at_path(match: re.Match[str]) -> str:
        path = ", ".join(f"'{step}'" for step in match[3].split("."))
        return f"{match[1]}({match[2]}, {path})"

    return _AT_PATH.sub(at_path, statement)


SAYING: Mapping[str, Callable[[str], str]] = {"sqlite": _sqlite, "postgresql": _postgresql}
"""How each database says it, by the name that SQLAlchemy gives the database."""
