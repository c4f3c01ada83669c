from decimal import Decimal

import pytest

from ledger import LedgerError, Money


@pytest.mark.parametrize(
    ("text", "units", "currency"),
    [
        ("12.50EUR", 1250, "EUR"),
        ("-1,250.00EUR", -125000, "EUR"),
        ("300JPY", 300, "JPY"),
        ("1.005KWD", 1005, "KWD"),
    ],
)
def test_parses_amounts(text, units, currency):
    assert Money.parse(text) == Money(units, currency)


def test_parses_amounts_with_spaces():
    assert Money.parse("  12.50 EUR ") == Money(1250, "EUR")


@pytest.mark.parametrize("text", ["", "EUR", "12.50", "12.505EUR", "1.5JPY"])
def test_refuses_what_is_not_an_amount(text):
    with pytest.raises(LedgerError):
        Money.parse(text)


def test_prints_with_the_digits_of_its_currency():
    assert str(Money(-125000, "EUR")) == "-1,250.00 EUR"
    assert str(Money(300, "JPY")) == "300 JPY"


def test_adds_and_subtracts():
    assert Money(100) + Money(50) - Money(30) == Money(120)


def test_refuses_to_mix_currencies():
    with pytest.raises(LedgerError, match="cannot mix EUR and USD"):
        Money(100, "EUR") + Money(100, "USD")


def test_scales_half_to_even():
    assert Money(5).scale(Decimal("0.5")) == Money(2)
    assert Money(15).scale(Decimal("0.1")) == Money(2)


def test_allocates_in_proportion():
    assert Money(1000).allocate([1, 3]) == [Money(250), Money(750)]


def test_allocation_keeps_the_currency():
    assert Money(900, "JPY").allocate([1, 2]) == [Money(300, "JPY"), Money(600, "JPY")]


def test_allocation_loses_nothing():
    shares = Money(10000).allocate([1, 1, 1])
    assert sorted(share.units for share in shares) == [3333, 3333, 3334]


def test_allocation_invents_nothing():
    shares = Money(5).allocate([1, 1, 1, 1, 1, 1])
    assert sorted(share.units for share in shares) == [0, 1, 1, 1, 1, 1]


def test_allocation_of_a_debt_adds_up():
    shares = Money(-10000).allocate([1, 1, 1])
    assert sum(share.units for share in shares) == -10000


def test_allocation_needs_weights():
    with pytest.raises(LedgerError, match="weights"):
        Money(100).allocate([0, 0])
