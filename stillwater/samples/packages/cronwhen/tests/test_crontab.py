from datetime import datetime

import pytest

from cronwhen import CronError, Schedule, describe, parse_crontab, upcoming

TEXT = """\
# nightly work
MAILTO = "ops@example.com"
0 2 * * *   backup --all  /srv
SHELL=/bin/sh
@hourly     ping host
"""


def test_reads_a_crontab():
    backup, ping = parse_crontab(TEXT)
    assert backup.command == "backup --all  /srv"
    assert backup.schedule == Schedule.parse("0 2 * * *")
    assert ping.command == "ping host"


def test_a_job_sees_only_the_variables_above_it():
    backup, ping = parse_crontab(TEXT)
    assert backup.variables == {"MAILTO": "ops@example.com"}
    assert ping.variables == {"MAILTO": "ops@example.com", "SHELL": "/bin/sh"}


def test_names_the_line_that_is_wrong():
    with pytest.raises(CronError, match="line 2: hour: 25 is not in 0-23"):
        parse_crontab("# x\n0 25 * * * echo\n")
    with pytest.raises(CronError, match="line 1: no command"):
        parse_crontab("@daily\n")


def test_upcoming_merges_all_jobs():
    found = upcoming(parse_crontab(TEXT), datetime(2024, 3, 1, 0, 30), 3)
    assert found == [
        (datetime(2024, 3, 1, 1, 0), "ping host"),
        (datetime(2024, 3, 1, 2, 0), "backup --all  /srv"),
        (datetime(2024, 3, 1, 2, 0), "ping host"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * * *", "every minute"),
        ("5 * * * *", "every hour at minute 5"),
        ("* 3 * * *", "every minute of the hours 3"),
        ("30 8 * 1 mon,tue", "at 08:30 on mon, tue in jan"),
        ("0 0 1 * 0", "at 00:00 on day 1 or sun"),
    ],
    ids=["minute", "hour", "minutes", "days", "either"],
)
def test_describes_a_schedule(text, words):
    assert describe(Schedule.parse(text)) == words
