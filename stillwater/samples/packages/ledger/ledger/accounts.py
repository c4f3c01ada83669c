"""Account names: a path such as ``Assets:Bank:Checking``."""

from __future__ import annotations

from ledger.errors import LedgerError

SEPARATOR = ":"
ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")


def check(name: str) -> str:
    """Return the name, tidied; raise if it is not below one of the five roots."""
    parts = [part.strip() for part in name.split(SEPARATOR)]
    if not all(parts):
        raise LedgerError(f"empty part in account name: {name!r}")
    if parts[0] not in ROOTS:
        raise LedgerError(f"account must begin with one of {', '.join(ROOTS)}: {name!r}")
    return SEPARATOR.join(parts)


def parent(name: str) -> str | None:
    """The account above, or None for a root."""
    head, separator, _ = name.rpartition(SEPARATOR)
    return head if separator else None


def is_within(name: str, ancestor: str) -> bool:
    """True when ``name`` is ``ancestor`` or lies anywhere below it."""
    return name == ancestor or name.startswith(ancestor + SEPARATOR)


def is_debit_normal(name: str) -> bool:
    """True for accounts that grow with positive postings."""
    return name.split(SEPARATOR)[0] in ("Assets", "Expenses")
