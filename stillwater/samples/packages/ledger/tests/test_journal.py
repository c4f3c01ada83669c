from datetime import date

import pytest

from ledger import Journal, LedgerError, Money, Posting, Transaction, UnbalancedError, load
from ledger.errors import ParseError


def coffee(day, cents=350):
    return Transaction(
        day,
        "Coffee",
        (Posting("Expenses:Food", Money(cents)), Posting("Assets:Cash", Money(-cents))),
    )


def test_iterates_in_order_of_days():
    journal = Journal()
    journal.add(coffee(date(2024, 3, 2)))
    journal.add(coffee(date(2024, 3, 1)))
    assert [(t.day.day, t.number) for t in journal] == [(1, 2), (2, 1)]


def test_refuses_what_does_not_balance():
    lopsided = Transaction(date(2024, 3, 1), "Oops", (Posting("Assets:Cash", Money(1)),))
    with pytest.raises(UnbalancedError, match="off by 0.01 EUR"):
        Journal().add(lopsided)


def test_between_includes_both_ends():
    journal = Journal()
    for day in range(1, 6):
        journal.add(coffee(date(2024, 3, day)))
    found = journal.between(date(2024, 3, 2), date(2024, 3, 4))
    assert [t.day.day for t in found] == [2, 3, 4]


def test_void_of_an_unknown_number():
    with pytest.raises(LedgerError, match="no transaction 7"):
        Journal().void(7)


def test_loads_a_journal():
    journal = load(
        "; my money\n"
        "2024-01-03 Rent January ; late\n"
        "    Expenses:Rent  850.00 EUR\n"
        "    Assets:Bank\n"
        "\n"
        "2024-01-04 void Mistake\n"
        "    Expenses:Food  1.00 EUR\n"
        "    Assets:Bank  -1.00 EUR\n"
    )
    first, second = journal
    assert first.payee == "Rent January"
    assert first.postings[1] == Posting("Assets:Bank", Money(-85000))
    assert not first.voided
    assert second.voided


def test_balances_each_currency():
    (transaction,) = load(
        "2024-01-03 Trip\n"
        "    Expenses:Hotel  100.00 USD\n"
        "    Expenses:Food  20.00 EUR\n"
        "    Assets:Cash\n"
    )
    assert [p.amount for p in transaction.postings[2:]] == [Money(-10000, "USD"), Money(-2000)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Rent\n", 1),
        ("2024-02-30 Rent\n    Assets:Bank  0.00 EUR\n", 1),
        ("\n2024-01-03 Rent\n    Expenses:Rent  1.00 EUR\n    Assets:Bank  x\n", 2),
        ("2024-01-03 Rent\n    Assets:A\n    Assets:B\n", 3),
    ],
    ids=["no-date", "no-such-day", "bad-amount", "two-open"],
)
def test_names_the_line_that_is_wrong(text, line):
    with pytest.raises(ParseError) as caught:
        load(text)
    assert caught.value.line == line
