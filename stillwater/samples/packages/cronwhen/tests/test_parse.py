import pytest

from cronwhen import CronError, Schedule
from cronwhen.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAY
from cronwhen.parse import parse_field


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        (MINUTE, "5", {5}),
        (MINUTE, "1,2,30", {1, 2, 30}),
        (HOUR, "8-11", {8, 9, 10, 11}),
        (HOUR, "8-18/5", {8, 13, 18}),
        (MINUTE, "*/20", {0, 20, 40}),
        (DAY, "*/10", {1, 11, 21, 31}),
        (MONTH, "jan,Dec", {1, 12}),
        (WEEKDAY, "mon-fri", {1, 2, 3, 4, 5}),
        (WEEKDAY, "*", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_values_of_a_field(field, text, values):
    assert parse_field(field, text) == values


def test_start_with_a_step_runs_to_the_end():
    assert parse_field(MINUTE, "20/10") == {20, 30, 40, 50}


def test_seven_is_sunday():
    assert parse_field(WEEKDAY, "7") == {0}
    assert parse_field(WEEKDAY, "5-7") == {5, 6, 0}


def test_a_range_of_names_may_end_on_sunday():
    assert parse_field(WEEKDAY, "fri-sun") == {5, 6, 0}
    assert parse_field(WEEKDAY, "mon-sun") == {0, 1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (MINUTE, "60"),
        (HOUR, "24"),
        (DAY, "0"),
        (MONTH, "13"),
        (WEEKDAY, "8"),
        (MINUTE, ""),
        (MINUTE, "a"),
        (MINUTE, "5-1"),
        (MINUTE, "*/0"),
        (MINUTE, "*/x"),
    ],
)
def test_refuses_nonsense(field, text):
    with pytest.raises(CronError):
        parse_field(field, text)


def test_nicknames():
    assert Schedule.parse("@Daily") == Schedule.parse("0 0 * * *")
    with pytest.raises(CronError, match="unknown nickname: @never"):
        Schedule.parse("@never")


def test_counts_the_fields():
    with pytest.raises(CronError, match="expected 5 fields, found 4"):
        Schedule.parse("* * * *")
