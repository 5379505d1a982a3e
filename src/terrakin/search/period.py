"""Dates and times as people write them: an instant, or a whole day, month or year."""

import datetime as dt
import re
from dataclasses import dataclass

from terrakin.errors import FilterError

__all__ = ["Period", "period"]

_WHOLE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, half-open."""

    start: dt.datetime
    """The first instant, aware."""
    end: dt.datetime | None
    """The first instant after it; None where it is an instant."""


def period(text: str) -> Period:
    """What a date or time stands for; UTC where no zone is given.

    Args:
        text: RFC 3339, or a year, month or day.

    Raises:
        FilterError: if it is none of these, or not on the calendar.

    >>> period("2020-02").end.isoformat()
    '2020-03-01T00:00:00+00:00'
    >>> period("2020-02-01T10:30+02:00").end is None
    True
    """
    try:
        if match := _WHOLE.fullmatch(text):
            year, month, day = (int(part) if part else None for part in match.groups())
            return _whole(year or 0, month, day)
        start = dt.datetime.fromisoformat(text)
        return Period(start if start.tzinfo else start.replace(tzinfo=dt.UTC), None)
    except (ValueError, OverflowError) as exc:
        raise FilterError(
            f"{text!r} is not a date or time; write it as 2020, 2020-08, 2020-08-31 or 2020-08-31T10:30:00Z"
        ) from exc


def _whole(year: int, month: int | None, day: int | None) -> Period:
    start = dt.datetime(year, month or 1, day or 1, tzinfo=dt.UTC)
    if day:
        return Period(start, start + dt.timedelta(days=1))
    if month and month < 12:
        return Period(start, start.replace(month=month + 1))
    return Period(start, start.replace(year=year + 1, month=1))
