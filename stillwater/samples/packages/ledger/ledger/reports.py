"""Questions a journal can answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.accounts import is_within
from ledger.journal import Journal
from ledger.money import Money

Balances = dict[str, dict[str, Money]]


def trial_balance(
    journal: Journal, first: date | None = None, last: date | None = None
) -> Balances:
    """Balance of each account in each currency; accounts at zero are left out."""
    balances: Balances = {}
    for transaction in journal.between(first, last):
        if transaction.voided:
            continue
        for posting in transaction.postings:
            account = balances.setdefault(posting.account, {})
            currency = posting.amount.currency
            account[currency] = account.get(currency, Money(0, currency)) + posting.amount
    nonzero = {
        name: {currency: money for currency, money in sums.items() if money}
        for name, sums in balances.items()
    }
    return {name: nonzero[name] for name in sorted(nonzero) if nonzero[name]}


def balance_of(
    journal: Journal, account: str, currency: str = "EUR", on: date | None = None
) -> Money:
    """What an account and all accounts below it hold at the end of a day."""
    total = Money(0, currency)
    for name, sums in trial_balance(journal, last=on).items():
        if is_within(name, account):
            total += sums.get(currency, Money(0, currency))
    return total


@dataclass(frozen=True)
class Line:
    """One line of a register: the amount, and the balance after it."""

    day: date
    payee: str
    amount: Money
    balance: Money
    voided: bool = False


def register(journal: Journal, account: str, currency: str = "EUR") -> list[Line]:
    """Every movement of an account; voided ones are listed and marked, and change no balance."""
    balance = Money(0, currency)
    lines: list[Line] = []
    for transaction in journal:
        for posting in transaction.postings:
            if not is_within(posting.account, account) or posting.amount.currency != currency:
                continue
            if not transaction.voided:
                balance += posting.amount
            lines.append(
                Line(
                    transaction.day,
                    transaction.payee,
                    posting.amount,
                    balance,
                    transaction.voided,
                )
            )
    return lines
