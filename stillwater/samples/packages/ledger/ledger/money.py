"""Amounts of money, exact to the minor unit (cents, pence, whole yen)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from ledger.errors import LedgerError

DIGITS = {"JPY": 0, "KWD": 3}
DEFAULT_DIGITS = 2

_AMOUNT = re.compile(r"(?P<number>[-+]?[\d,]+(?:\.\d+)?)\s*(?P<currency>[A-Z]{3})$")


def digits_of(currency: str) -> int:
    """How many digits follow the point in this currency."""
    return DIGITS.get(currency, DEFAULT_DIGITS)


@dataclass(frozen=True)
class Money:
    """An amount in minor units: ``Money(1250, "EUR")`` is 12.50 EUR."""

    units: int
    currency: str = "EUR"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read ``"1,250.00 EUR"``; more digits than the currency has are refused."""
        match = _AMOUNT.match(text.strip())
        if match is None:
            raise LedgerError(f"not an amount: {text!r}")
        currency = match["currency"]
        scaled = Decimal(match["number"].replace(",", "")).scaleb(digits_of(currency))
        if scaled != scaled.to_integral_value():
            raise LedgerError(f"too many digits for {currency}: {text!r}")
        return cls(int(scaled), currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise LedgerError(f"cannot mix {self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.units + other.units, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.units, self.currency)

    def __bool__(self) -> bool:
        return self.units != 0

    def scale(self, factor: Decimal) -> Money:
        """Multiply, rounding half to even as banks do."""
        exact = self.units * factor
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split in proportion to ``weights``; the shares always add up to the whole."""
        total = sum(weights)
        if total <= 0:
            raise LedgerError("weights must add up to more than zero")
        shares = [self.units * weight // total for weight in weights]
        # Whoever lost most to rounding down gets the spare units first.
        spare = self.units - sum(shares)
        losses = [self.units * weight % total for weight in weights]
        for index in sorted(range(len(weights)), key=lambda i: -losses[i])[:spare]:
            shares[index] += 1
        return [Money(share, self.currency) for share in shares]

    def __str__(self) -> str:
        digits = digits_of(self.currency)
        number = Decimal(self.units).scaleb(-digits)
        return f"{number:,.{digits}f} {self.currency}"
