"""What an audit answers: how much was checked, and the first thing that doesn't hold."""

from collections import Counter
from dataclasses import dataclass, field

from stillwater.errors import InputError, StillwaterError


class AuditError(InputError):
    """The audit can't be made as asked: no such database, run, transition or head."""


@dataclass(frozen=True)
class Violation:
    """What doesn't hold: in which table (or file), in which row (or line), and what is wrong."""

    table: str
    row: int | str | None
    problem: str

    def __str__(self) -> str:
        where = self.table if self.row is None else f"{self.table} {self.row}"
        return f"{where}: {self.problem}"


class Broken(StillwaterError):
    """Ends a check at the first violation; never leaves the audit."""

    def __init__(self, table: str, row: int | str | None, problem: str) -> None:
        super().__init__(problem)
        self.violation = Violation(table, row, problem)


@dataclass(frozen=True)
class Head:
    """The last transition that an audit saw: what an auditor keeps for the next time."""

    id: int
    sha256: str
    at: str


@dataclass(frozen=True)
class Kept:
    """A file of heads: how many, and how far the chain goes on beyond the last of them.

    `signed` is how many the given key signed, the last of them `signed_last`; None without a key.
    """

    file: str
    count: int
    last: int | None
    behind: int
    seconds_behind: float
    signed: int | None = None
    signed_last: int | None = None


@dataclass
class Report:
    """What was checked, by kind; what could not be derived again, by kind and reason."""

    run: str | None = None
    anchor: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    underived: Counter[tuple[str, str]] = field(default_factory=Counter)
    heads: list[Kept] = field(default_factory=list)
    head: Head | None = None
    violation: Violation | None = None

    @property
    def holds(self) -> bool:
        """Nothing was found that doesn't."""
        return self.violation is None
