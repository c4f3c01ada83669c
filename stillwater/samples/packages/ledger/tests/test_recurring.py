from datetime import date

import pytest

from ledger import Journal, Money, Posting, Recurring, add_months

RENT = (Posting("Expenses:Rent", Money(85000)), Posting("Assets:Bank", Money(-85000)))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 15), 1, date(2024, 2, 15)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2024, 1, 15), -1, date(2023, 12, 15)),
    ],
)
def test_adds_months(day, months, expected):
    assert add_months(day, months) == expected


def test_is_due_every_month():
    rent = Recurring("Rent", RENT, date(2024, 1, 1))
    assert list(rent.due(date(2024, 3, 1))) == [
        date(2024, 1, 1),
        date(2024, 2, 1),
        date(2024, 3, 1),
    ]


def test_is_due_every_quarter_until_its_end():
    fee = Recurring("Fee", RENT, date(2023, 11, 5), every=3, end=date(2024, 6, 30))
    assert list(fee.due(date(2030, 1, 1))) == [
        date(2023, 11, 5),
        date(2024, 2, 5),
        date(2024, 5, 5),
    ]


def test_is_due_at_every_month_end():
    rent = Recurring("Rent", RENT, date(2024, 1, 31))
    assert list(rent.due(date(2024, 5, 31))) == [
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
        date(2024, 5, 31),
    ]


def test_leap_day_comes_back_in_leap_years():
    fee = Recurring("Domain", RENT, date(2024, 2, 29), every=12)
    assert list(fee.due(date(2028, 12, 31)))[-1] == date(2028, 2, 29)


def test_posts_only_what_is_missing():
    journal = Journal()
    rent = Recurring("Rent", RENT, date(2024, 1, 1))
    assert rent.post(journal, date(2024, 2, 15)) == 2
    assert rent.post(journal, date(2024, 3, 15)) == 1
    assert len(journal) == 3


def test_is_not_due_before_it_starts():
    assert list(Recurring("Rent", RENT, date(2024, 1, 1)).due(date(2023, 12, 31))) == []
