from datetime import date, datetime

import pytest

from gridtext import Column, Table, TableError
from gridtext.cells import format_value, parse_value

CITIES = [
    {"city": "Oslo", "people": 709037},
    {"city": "Bergen", "people": None, "rain": True},
    {"city": "Narvik", "people": 14051},
]


def test_records_bring_their_columns():
    table = Table.from_records(CITIES)
    assert [column.name for column in table.columns] == ["city", "people", "rain"]
    assert table.rows[1] == ["Bergen", None, True]
    assert table.rows[0] == ["Oslo", 709037, None]


def test_records_may_come_from_a_generator():
    table = Table.from_records(city for city in CITIES)
    assert [column.name for column in table.columns] == ["city", "people", "rain"]
    assert table.column("city") == ["Oslo", "Bergen", "Narvik"]


def test_records_from_a_generator_with_given_columns():
    table = Table.from_records((city for city in CITIES), ["people"])
    assert table.rows == [[709037], [None], [14051]]


def test_no_records():
    assert Table.from_records([]).columns == []
    assert len(Table.from_records([], ["a"])) == 0


def test_refuses_rows_that_do_not_fit():
    with pytest.raises(TableError, match="row 2 has 1 cells, not 2"):
        Table(["a", "b"], [[1, 2], [3]])


def test_selects_columns():
    table = Table.from_records(CITIES).select("people", "city")
    assert table.rows[0] == [709037, "Oslo"]
    with pytest.raises(TableError, match="no column 'x'"):
        table.select("x")


def test_sorts_with_empty_cells_last():
    table = Table.from_records(CITIES)
    assert table.sort("people").column("city") == ["Narvik", "Oslo", "Bergen"]
    assert table.sort("people", reverse=True).column("city") == ["Oslo", "Narvik", "Bergen"]
    assert table.column("city") == ["Oslo", "Bergen", "Narvik"]


def test_aligns_numbers_to_the_right():
    table = Table(["a", "b", Column("c", "center")], [["x", 1, 2], ["y", None, 3]])
    assert table.alignments() == ["left", "right", "center"]


def test_formats_values():
    assert format_value(None) == ""
    assert format_value(True) == "yes"
    assert format_value(2.345, 1) == "2.3"
    assert format_value(date(2024, 3, 1)) == "2024-03-01"
    assert format_value(datetime(2024, 3, 1, 9, 5, 7)) == "2024-03-01 09:05"


def test_parses_values():
    assert [parse_value(text) for text in ("7", " 2.5", "x ", " ")] == [7, 2.5, "x ", None]
