"""Small modules with a bug of bounds and numbers."""

from tests.models.builtin.repairing import Bug

BUGS = [
    Bug(
        "slice-bound",
        "`page()` leaves out the last item of each page.",
        {
            "pager.py": '''"""Cutting sequences into pages."""


def page_count(total, size):
    """How many pages hold `total` items."""
    if size <= 0:
        raise ValueError("size must be positive")
    return -(-total // size)


def page(items, number, size):
    """The items of page `number`, counted from 1."""
    start = (number - 1) * size
    return items[start : start + size - 1]


def window(items, centre, radius):
    """Items at most `radius` away from the centre."""
    first = max(0, centre - radius)
    return items[first : centre + radius + 1]
'''
        },
        """from pager import page


def test_page_is_full():
    assert page([1, 2, 3, 4, 5], 1, 2) == [1, 2]
""",
    ),
    Bug(
        "touching-intervals",
        "A room that is booked from 9 to 10 can't be booked from 10 to 11.",
        {
            "schedule.py": '''"""Bookings of a room."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    start: int
    end: int


class Room:
    def __init__(self, name, opens=8, closes=20):
        self.name = name
        self.opens = opens
        self.closes = closes
        self.slots = []

    def overlaps(self, one, other):
        return one.start <= other.end and other.start < one.end

    def is_free(self, slot):
        if slot.start < self.opens or slot.end > self.closes:
            return False
        return not any(self.overlaps(slot, taken) for taken in self.slots)

    def book(self, start, end):
        slot = Slot(start, end)
        if not self.is_free(slot):
            raise ValueError(f"{self.name} is taken")
        self.slots.append(slot)
        return slot
'''
        },
        """from schedule import Room


def test_back_to_back():
    room = Room('blue')
    room.book(9, 10)
    room.book(10, 11)
    assert len(room.slots) == 2
""",
    ),
    Bug(
        "boundary",
        "It is impossible to withdraw everything from an account",
        {
            "balance.py": '''"""Accounts."""


class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        self.history.append(amount)

    def withdraw(self, amount):
        if amount >= self.balance:
            raise ValueError("not enough money")
        self.balance -= amount
        self.history.append(-amount)

    def transfer(self, other, amount):
        self.withdraw(amount)
        other.deposit(amount)
'''
        },
        """from balance import Account


def test_to_zero():
    account = Account('Ann', 10)
    account.withdraw(10)
    assert account.balance == 0
""",
    ),
    Bug(
        "retry-count",
        "With retries=3 the function is called 3 times, but it should be called once "
        "and then retried 3 times.",
        {
            "retry.py": '''"""Calling again what failed."""

import time


class GaveUp(Exception):
    """All attempts failed."""


def delays(base, factor, count):
    """The pauses between the attempts."""
    pause = base
    for _ in range(count):
        yield pause
        pause *= factor


def call(function, retries=3, base=0.0, sleep=time.sleep):
    """Call, and call again while it raises."""
    for attempt in range(retries):
        try:
            return function()
        except OSError as error:
            last = error
            sleep(base * attempt)
    raise GaveUp(str(last))
'''
        },
        """import pytest

from retry import GaveUp, call


def test_calls():
    calls = []

    def broken():
        calls.append(1)
        raise OSError("x")

    with pytest.raises(GaveUp):
        call(broken, retries=3)
    assert len(calls) == 4
""",
    ),
    Bug(
        "chunk-tail",
        "chunks() drops the rest when the length is no multiple of the size",
        {
            "seq.py": '''def chunks(items, size):
    """Pieces of `size`; the last may be shorter."""
    result = []
    piece = []
    for item in items:
        piece.append(item)
        if len(piece) == size:
            result.append(piece)
            piece = []
    return result


def flatten(pieces):
    return [item for piece in pieces for item in piece]


def pairs(items):
    return list(zip(items, items[1:]))
'''
        },
        """from seq import chunks


def test_rest():
    assert chunks([1, 2, 3], 2) == [[1, 2], [3]]
""",
    ),
    Bug(
        "integer-division",
        "The median of an even number of values is rounded down.",
        {
            "stats.py": '''"""Statistics of samples."""

import math


def mean(values):
    return sum(values) / len(values)


def variance(values):
    centre = mean(values)
    return sum((value - centre) ** 2 for value in values) / (len(values) - 1)


def deviation(values):
    return math.sqrt(variance(values))


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle] + ordered[middle - 1]) // 2


def spread(values):
    return max(values) - min(values)
'''
        },
        """from stats import median


def test_even():
    assert median([1, 2, 3, 4]) == 2.5
""",
    ),
    Bug(
        "empty-average",
        "average_rating crashes when a product has no reviews; it should be 0.",
        {
            "shop.py": """class Product:
    def __init__(self, name):
        self.name = name
        self.reviews = []

    def review(self, stars, text=""):
        if not 1 <= stars <= 5:
            raise ValueError("1 to 5 stars")
        self.reviews.append((stars, text))

    def average_rating(self):
        return sum(stars for stars, _ in self.reviews) / len(self.reviews)

    def best(self):
        return max(self.reviews)


def ranking(products):
    return sorted(products, key=lambda p: p.average_rating(), reverse=True)
"""
        },
        """from shop import Product


def test_none():
    assert Product("pen").average_rating() == 0
""",
    ),
]
