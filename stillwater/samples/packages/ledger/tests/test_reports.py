from datetime import date

import pytest

from ledger import (
    Money,
    balance_of,
    is_within,
    load,
    parent,
    register,
    to_csv,
    to_text,
    trial_balance,
)
from ledger.accounts import check, is_debit_normal
from ledger.errors import LedgerError

TEXT = """\
2024-01-01 Opening
    Assets:Cash     100.00 EUR
    Equity:Opening  -100.00 EUR

2024-01-05 Groceries
    Expenses:Food   30.00 EUR
    Assets:Cash     -30.00 EUR

2024-02-01 Bonus
    Assets:Cashback  5.00 EUR
    Income:Card      -5.00 EUR
"""

VOIDED = TEXT.replace("2024-01-05 Groceries", "2024-01-05 void Groceries")


def test_trial_balance():
    assert trial_balance(load(TEXT)) == {
        "Assets:Cash": {"EUR": Money(7000)},
        "Assets:Cashback": {"EUR": Money(500)},
        "Equity:Opening": {"EUR": Money(-10000)},
        "Expenses:Food": {"EUR": Money(3000)},
        "Income:Card": {"EUR": Money(-500)},
    }


def test_trial_balance_of_a_period():
    january = trial_balance(load(TEXT), date(2024, 1, 2), date(2024, 1, 31))
    assert list(january) == ["Assets:Cash", "Expenses:Food"]


def test_trial_balance_leaves_voided_transactions_out():
    balances = trial_balance(load(VOIDED))
    assert "Expenses:Food" not in balances
    assert balances["Assets:Cash"] == {"EUR": Money(10000)}


def test_balance_of_an_account_and_those_below():
    assert balance_of(load(TEXT), "Assets") == Money(7500)
    assert balance_of(load(TEXT), "Assets:Cash") == Money(7000)


def test_balance_on_a_day():
    assert balance_of(load(TEXT), "Assets:Cash", on=date(2024, 1, 4)) == Money(10000)


def test_register_runs_a_balance():
    lines = register(load(TEXT), "Assets:Cash")
    assert [(line.payee, line.balance) for line in lines] == [
        ("Opening", Money(10000)),
        ("Groceries", Money(7000)),
    ]


def test_register_lists_voided_transactions():
    lines = register(load(VOIDED), "Assets:Cash")
    assert [(line.balance, line.voided) for line in lines] == [
        (Money(10000), False),
        (Money(10000), True),
    ]


def test_csv_has_one_row_for_each_posting():
    rows = to_csv(load(TEXT)).splitlines()
    assert rows[0] == "date,number,payee,account,amount,currency"
    assert rows[3] == "2024-01-05,2,Groceries,Expenses:Food,30.00,EUR"
    assert len(rows) == 7


def test_csv_leaves_voided_transactions_out():
    rows = to_csv(load(VOIDED)).splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["Opening", "Opening", "Bonus", "Bonus"]


@pytest.mark.parametrize("text", [TEXT, VOIDED], ids=["plain", "voided"])
def test_text_round_trips(text):
    written = to_text(load(text))
    assert list(load(written)) == list(load(text))


def test_account_names():
    assert check("Assets : Bank") == "Assets:Bank"
    assert parent("Assets:Bank:Giro") == "Assets:Bank"
    assert parent("Assets") is None
    assert is_within("Assets:Bank:Giro", "Assets:Bank")
    assert not is_within("Assets", "Assets:Bank")
    assert is_debit_normal("Expenses:Food")
    assert not is_debit_normal("Income:Card")


@pytest.mark.parametrize("name", ["Cash", "Assets::Bank", ""])
def test_refuses_bad_account_names(name):
    with pytest.raises(LedgerError):
        check(name)
