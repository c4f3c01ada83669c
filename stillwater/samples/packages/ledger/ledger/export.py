"""Writing journals: back to text, or as rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from ledger.journal import Journal
from ledger.money import digits_of

COLUMNS = ("date", "number", "payee", "account", "amount", "currency")


def to_text(journal: Journal) -> str:
    """The journal in the format that ``load`` reads."""
    blocks = []
    for transaction in journal:
        mark = " void" if transaction.voided else ""
        lines = [f"{transaction.day.isoformat()}{mark} {transaction.payee}"]
        width = max((len(posting.account) for posting in transaction.postings), default=0)
        for posting in transaction.postings:
            lines.append(f"    {posting.account:<{width}}  {posting.amount}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def to_csv(journal: Journal) -> str:
    """One row for each posting that counts, with a heading."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for transaction in journal:
        if transaction.voided:
            continue
        for posting in transaction.postings:
            money = posting.amount
            number = Decimal(money.units).scaleb(-digits_of(money.currency))
            writer.writerow(
                (
                    transaction.day.isoformat(),
                    transaction.number,
                    transaction.payee,
                    posting.account,
                    f"{number:.{digits_of(money.currency)}f}",
                    money.currency,
                )
            )
    return out.getvalue()
