"""Commands that are imported when they are named: who asks for the status doesn't wait for all."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

Table = Mapping[str, str | tuple[str, Mapping[str, str]]]
"""By command: `module:function` of stillwater.cli; of a group, its help and its own commands."""


class Commands(Mapping[str, Any]):
    """The commands of a table, each made when it's first asked for."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, self._table[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def group(table: Table) -> type[TyperGroup]:
    """The class of a group that has the table's commands."""

    class Lazy(TyperGroup):
        def __init__(self, **attributes: object) -> None:
            super().__init__(**attributes)  # type: ignore[arg-type]
            self.commands = Commands(table)  # type: ignore[assignment]

    return Lazy


def _made(name: str, told: str | tuple[str, Mapping[str, str]]) -> Any:
    if isinstance(told, str):
        module, _, function = told.partition(":")
        app = _app()
        app.command(name)(getattr(import_module(f"stillwater.cli.{module}"), function))
        return typer.main.get_command(app)
    app = _app(cls=group(told[1]), help=told[0], no_args_is_help=True)
    app.callback()(_nothing)
    made = typer.main.get_command(app)
    made.name = name
    return made


def _nothing() -> None:
    pass


def _app(**words: object) -> typer.Typer:
    plain = {
        "add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None,
    }  # fmt: skip
    return typer.Typer(**plain, **words)  # type: ignore[arg-type]
