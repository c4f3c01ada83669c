"""Plain-text double-entry bookkeeping."""

from ledger.accounts import is_within, parent
from ledger.errors import LedgerError, UnbalancedError
from ledger.export import to_csv, to_text
from ledger.journal import Journal, Posting, Transaction
from ledger.money import Money
from ledger.parser import load
from ledger.recurring import Recurring, add_months
from ledger.reports import balance_of, register, trial_balance

__all__ = [
    "Journal",
    "LedgerError",
    "Money",
    "Posting",
    "Recurring",
    "Transaction",
    "UnbalancedError",
    "add_months",
    "balance_of",
    "is_within",
    "load",
    "parent",
    "register",
    "to_csv",
    "to_text",
    "trial_balance",
]
