from datetime import datetime, timedelta, timezone

import pytest

from cronwhen import CronError, Schedule


def following(text, moment):
    return Schedule.parse(text).next_after(datetime.fromisoformat(moment)).isoformat(" ")


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("* * * * *", "2024-03-01 10:00:00", "2024-03-01 10:01:00"),
        ("*/15 * * * *", "2024-03-01 10:46:10", "2024-03-01 11:00:00"),
        ("30 8 * * *", "2024-03-01 08:29:59", "2024-03-01 08:30:00"),
        ("30 8 * * *", "2024-03-01 08:30:00", "2024-03-02 08:30:00"),
        ("0 0 1 * *", "2024-12-31 23:59:00", "2025-01-01 00:00:00"),
        ("30 8 * * mon-fri", "2024-03-01 09:00:00", "2024-03-04 08:30:00"),
        ("0 12 31 * *", "2024-04-01 00:00:00", "2024-05-31 12:00:00"),
        ("0 0 * 2 sun", "2024-03-01 00:00:00", "2025-02-02 00:00:00"),
    ],
    ids=["minute", "quarter", "later", "strict", "year", "weekdays", "long-month", "month"],
)
def test_next_time(text, moment, expected):
    assert following(text, moment) == expected


def test_either_day_field_is_enough_when_both_are_given():
    # The 13th of September 2024 is a Friday, the 6th too.
    assert following("0 0 13 * fri", "2024-09-01 00:00:00") == "2024-09-06 00:00:00"
    assert following("0 0 13 * fri", "2024-10-11 00:00:00") == "2024-10-13 00:00:00"


def test_either_day_field_still_needs_the_month():
    assert following("0 0 13 2 fri", "2024-09-01 00:00:00") == "2025-02-07 00:00:00"


def test_leap_day():
    assert following("0 0 29 2 *", "2023-03-01 00:00:00") == "2024-02-29 00:00:00"


def test_leap_day_from_one_to_the_next():
    assert following("0 0 29 2 *", "2024-02-29 00:00:00") == "2028-02-29 00:00:00"


def test_leap_day_across_a_century_without_one():
    assert following("0 0 29 2 *", "2096-03-01 00:00:00") == "2104-02-29 00:00:00"


def test_never():
    with pytest.raises(CronError, match="never runs"):
        Schedule.parse("0 0 30 2 *").next_after(datetime(2024, 1, 1))


def test_keeps_the_time_zone():
    zone = timezone(timedelta(hours=2))
    found = Schedule.parse("0 6 * * *").next_after(datetime(2024, 3, 1, 7, 0, tzinfo=zone))
    assert found == datetime(2024, 3, 2, 6, 0, tzinfo=zone)
    assert found.tzinfo is zone


def test_matches():
    schedule = Schedule.parse("*/10 8 * * *")
    assert schedule.matches(datetime(2024, 3, 1, 8, 20, 59))
    assert not schedule.matches(datetime(2024, 3, 1, 8, 21))
    assert not schedule.matches(datetime(2024, 3, 1, 9, 20))
