"""Commands that are imported when they are named: who asks for the status doesn't wait for all."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

Table = Mapping[str, str | tuple[str, Mapping[str, str]]]
"""By command: `module:function` of stillwater.cli; of a group, its help and its own commands."""

PLAIN: Mapping[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}
"""No completion to be installed, and neither colours nor frames in help and errors."""


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


def group(table: Table, *, name: str, told: str) -> typer.Typer:
    """A group that has the table's commands; `told` is what its help says."""

    class Lazy(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = Commands(table)  # type: ignore[assignment]

    return typer.Typer(name=name, cls=Lazy, help=told, no_args_is_help=True, **PLAIN)


def _made(name: str, told: str | tuple[str, Mapping[str, str]]) -> Any:
    if not isinstance(told, str):
        return typer.main.get_group(group(told[1], name=name, told=told[0]))
    module, _, function = told.partition(":")
    app = typer.Typer(**PLAIN)
    app.command(name)(getattr(import_module(f"stillwater.cli.{module}"), function))
    return typer.main.get_command(app)
