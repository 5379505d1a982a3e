"""Acquisition times, from file names and from what files say of themselves."""

import datetime as dt
import re
from collections.abc import Mapping

__all__ = ["date_in_name", "date_in_tags", "parse_date"]

_YEARS = range(1900, 2100)
"""Years that a picture of the ground can be from; digits that give another are no date."""


def date_in_name(name: str) -> dt.datetime | None:
    """The first plausible date in a file's name, aware (UTC); midnight where the name has no time.

    Known are `20170831T162740`, `20170831_162740`, `20170831`, `2017-08-31`, `2017_08_31`, and year and day of year in names of
    Landsat (`LT52240631988227CUB02`), MODIS (`.A2013257.`) and HLS (`.2020001T155225.`).

    >>> date_in_name("LT52240631988227CUB02").isoformat()
    '1988-08-14T00:00:00+00:00'
    """
    if not _LIKELY.search(name):  # nearly every picture's name ends here
        return None
    for pattern in _PATTERNS:
        for found in pattern.finditer(name):
            part = {key: value for key, value in found.groupdict().items() if value}
            if date := _date(part):
                return date
    return None


def date_in_tags(tags: Mapping[str, str]) -> dt.datetime | None:
    """The acquisition time that a raster's tags tell, aware (UTC); times without a zone are taken as UTC.

    Args:
        tags: GDAL names: `ACQUISITIONDATETIME`, `EXIF_DateTimeOriginal`, `TIFFTAG_DATETIME`. The last is when a file was made,
            which for imagery as delivered is the acquisition, and for edited pictures is not: it counts last.
    """
    for name in ("ACQUISITIONDATETIME", "EXIF_DateTimeOriginal", "TIFFTAG_DATETIME"):
        zone = tags.get("EXIF_OffsetTimeOriginal", "") if name.startswith("EXIF") else ""
        if date := parse_date(tags.get(name, "") + zone):
            return date
    return None


def parse_date(text: str) -> dt.datetime | None:
    """A date or time as files write it, aware (UTC), or None where it is none or implausible.

    >>> parse_date("2017-08-31T17:27:54.960530Z").isoformat(), parse_date("2022:07:23 11:20:39+02:00").isoformat()
    ('2017-08-31T17:27:54.960530+00:00', '2022-07-23T09:20:39+00:00')
    """
    # TIFF and EXIF write the date with colons.
    text = re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", text.strip())
    try:
        date = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if date.year not in _YEARS:
        return None
    return date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)


def _date(part: Mapping[str, str]) -> dt.datetime | None:
    year = int(part["year"])
    if year not in _YEARS:
        return None
    try:
        if "day_of_year" in part:
            day = dt.datetime(year, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=int(part["day_of_year"]) - 1)
            if day.year != year:
                return None
        else:
            day = dt.datetime(year, int(part["month"]), int(part["day"]), tzinfo=dt.UTC)
    except ValueError:
        return None
    try:
        return day.replace(hour=int(part.get("hour", 0)), minute=int(part.get("minute", 0)), second=int(part.get("second", 0)))
    except ValueError:
        return day


_LIKELY = re.compile(r"[12]\d{6}|[12]\d{3}[-_]\d\d[-_]\d\d")
_CLOCK = r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)"
_DAY_OF_YEAR = r"(?P<year>\d{4})(?P<day_of_year>\d{3})"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # A time counts only where six digits and no more follow: `20200101_20200113` is two dates.
        rf"(?<!\d)(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:[T_-]?{_CLOCK}(?!\d)|(?!\d))",
        rf"(?<!\d)(?P<year>\d{{4}})(?P<sep>[-_])(?P<month>\d\d)(?P=sep)(?P<day>\d\d)(?:[T_ ]{_CLOCK}|(?!\d))",
        rf"(?:^|_)L[COTEM]\d\d{{6}}{_DAY_OF_YEAR}[A-Z]{{3}}\d\d",
        rf"(?:^|[._])A{_DAY_OF_YEAR}(?!\d)",
        rf"(?:^|[._]){_DAY_OF_YEAR}T{_CLOCK}(?!\d)",
    )
)
