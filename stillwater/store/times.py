"""Times as the database holds them: ISO-8601, UTC, microseconds and Z; text order is theirs."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock unless another is injected."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """The stored text of `moment`, which must have a time zone."""
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def moment(text: str) -> datetime:
    """The time that `stamp` stored."""
    return datetime.fromisoformat(text)


def maybe(text: str | None) -> datetime | None:
    """The same where nothing may be stored."""
    return None if text is None else moment(text)
