import pytest

from gridtext import (
    Column,
    Table,
    TableError,
    read_csv,
    read_markdown,
    to_csv,
    to_markdown,
    to_text,
)

FRUIT = Table([Column("fruit"), Column("price", digits=2)], [["fig", 1.5], ["cherry", 12.25]])


def test_text():
    assert to_text(FRUIT).split("\n") == [
        "fruit  | price",
        "-------+------",
        "fig    |  1.50",
        "cherry | 12.25",
    ]


def test_text_of_an_empty_table():
    assert to_text(Table(["a", "b"])) == "a | b\n--+--"


def test_text_wraps_columns_that_have_a_width():
    table = Table(["id", Column("note", width=9)], [[1, "the quick brown fox"]])
    assert to_text(table).split("\n") == [
        "id | note",
        "---+----------",
        " 1 | the quick",
        "   | brown fox",
    ]


def test_text_with_wide_characters():
    table = Table(["city", "id"], [["東京", 1], ["Oslo", 2], ["Zu\N{COMBINING DIAERESIS}rich", 3]])
    assert to_text(table).split("\n")[2:] == [
        "東京   |  1",
        "Oslo   |  2",
        "Zu\N{COMBINING DIAERESIS}rich |  3",
    ]


def test_markdown():
    assert to_markdown(FRUIT).split("\n") == [
        "| fruit  | price |",
        "| ------ | ----: |",
        "| fig    |  1.50 |",
        "| cherry | 12.25 |",
    ]


def test_markdown_escapes_bars_and_line_ends():
    table = Table(["a"], [["x|y\nz"]])
    assert to_markdown(table).split("\n")[2] == "| x\\|y<br>z |"
    assert read_markdown(to_markdown(table)).rows == table.rows


def test_reads_markdown():
    table = read_markdown("a | b | c\n:--|:-:|--:\n1 | x | \n")
    assert [column.align for column in table.columns] == ["left", "center", "right"]
    assert table.rows == [[1, "x", None]]
    assert read_markdown("| a |\n|---|\n| 1.5 |\n|  |").rows == [[1.5], [None]]


@pytest.mark.parametrize("text", ["", "| a |", "| a |\n| b |"], ids=["empty", "head", "no-rule"])
def test_refuses_what_is_not_a_table(text):
    with pytest.raises(TableError):
        read_markdown(text)


def test_csv():
    table = read_csv('name,n\n"a, b",1\nc\n\n')
    assert table.rows == [["a, b", 1], ["c", None]]
    assert to_csv(table) == 'name,n\n"a, b",1\nc,\n'
    with pytest.raises(TableError, match="no heading"):
        read_csv("")
