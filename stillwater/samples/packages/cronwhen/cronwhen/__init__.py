"""When does this crontab line run next?"""

from cronwhen.crontab import Job, parse_crontab
from cronwhen.describe import describe
from cronwhen.errors import CronError
from cronwhen.schedule import Schedule
from cronwhen.upcoming import upcoming

__all__ = ["CronError", "Job", "Schedule", "describe", "parse_crontab", "upcoming"]
