"""Reading journals from text."""

from __future__ import annotations

import re
from datetime import date

from ledger import accounts
from ledger.errors import LedgerError, ParseError
from ledger.journal import Journal, Posting, Transaction
from ledger.money import Money

_HEADER = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?P<void>\s+void)?\s+(?P<payee>\S.*)$")
_POSTING = re.compile(r"\s+(?P<account>\S(?:.*?\S)?)(?:\s{2,}(?P<amount>\S.*))?$")


def load(text: str) -> Journal:
    """Read a whole journal; the first line that is wrong raises ParseError."""
    journal = Journal()
    block: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split(";", 1)[0].rstrip()
        if not line:
            continue
        if not line[0].isspace() and block:
            _finish(journal, block)
            block = []
        block.append((number, line))
    if block:
        _finish(journal, block)
    return journal


def _finish(journal: Journal, block: list[tuple[int, str]]) -> None:
    number, header = block[0]
    match = _HEADER.match(header)
    if match is None:
        raise ParseError(number, f"expected a date and a payee: {header!r}")
    try:
        day = date.fromisoformat(match["day"])
        postings = _postings(block[1:])
        transaction = journal.add(Transaction(day, match["payee"], postings))
    except ParseError:
        raise
    except (LedgerError, ValueError) as error:
        raise ParseError(number, str(error)) from error
    if match["void"]:
        journal.void(transaction.number)


def _postings(lines: list[tuple[int, str]]) -> tuple[Posting, ...]:
    postings: list[Posting] = []
    open_account: str | None = None
    for number, line in lines:
        match = _POSTING.match(line)
        if match is None:
            raise ParseError(number, f"expected an account: {line!r}")
        account = accounts.check(match["account"])
        if match["amount"]:
            postings.append(Posting(account, Money.parse(match["amount"])))
        elif open_account is None:
            open_account = account
        else:
            raise ParseError(number, "only one posting may leave its amount out")
    if open_account is not None:
        postings.extend(_balancing(open_account, postings))
    return tuple(postings)


def _balancing(account: str, postings: list[Posting]) -> list[Posting]:
    """One posting for each currency, so that everything adds up to zero."""
    sums: dict[str, Money] = {}
    for posting in postings:
        currency = posting.amount.currency
        sums[currency] = sums.get(currency, Money(0, currency)) + posting.amount
    return [Posting(account, -amount) for amount in sums.values() if amount]
