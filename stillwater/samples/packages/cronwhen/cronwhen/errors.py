"""The one error of this package."""


class CronError(ValueError):
    """A crontab line or field that makes no sense."""
