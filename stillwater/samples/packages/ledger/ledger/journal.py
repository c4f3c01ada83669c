"""Transactions, and the journal that holds them in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from ledger import accounts
from ledger.errors import LedgerError, UnbalancedError
from ledger.money import Money


@dataclass(frozen=True)
class Posting:
    """One leg of a transaction."""

    account: str
    amount: Money


@dataclass(frozen=True)
class Transaction:
    """Postings that belong together; ``number`` is given by the journal."""

    day: date
    payee: str
    postings: tuple[Posting, ...]
    number: int = 0
    voided: bool = False

    def check(self) -> None:
        """Raise UnbalancedError unless each currency adds up to zero."""
        sums: dict[str, int] = {}
        for posting in self.postings:
            currency = posting.amount.currency
            sums[currency] = sums.get(currency, 0) + posting.amount.units
        for currency, units in sums.items():
            if units:
                raise UnbalancedError(f"{self.payee}: off by {Money(units, currency)}")


class Journal:
    """Transactions in the order of their days; equal days keep the order of entry."""

    def __init__(self) -> None:
        self._transactions: list[Transaction] = []

    def __len__(self) -> int:
        return len(self._transactions)

    def __iter__(self) -> Iterator[Transaction]:
        return iter(sorted(self._transactions, key=lambda t: (t.day, t.number)))

    def add(self, transaction: Transaction) -> Transaction:
        """Check and keep a transaction; returns it with its number."""
        transaction.check()
        for posting in transaction.postings:
            accounts.check(posting.account)
        numbered = replace(transaction, number=len(self._transactions) + 1)
        self._transactions.append(numbered)
        return numbered

    def void(self, number: int) -> None:
        """Cancel a transaction: it stays on record, but no longer counts."""
        for index, transaction in enumerate(self._transactions):
            if transaction.number == number:
                self._transactions[index] = replace(transaction, voided=True)
                return
        raise LedgerError(f"no transaction {number}")

    def between(self, first: date | None, last: date | None) -> Iterator[Transaction]:
        """Transactions from ``first`` to ``last``, both included; None leaves that side open."""
        for transaction in self:
            if first is not None and transaction.day < first:
                continue
            if last is not None and transaction.day > last:
                continue
            yield transaction
