"""What the columns of a table, or the properties of an item, tell of a scene."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Any

from terrakin.scenes.dates import date_in_name, parse_date
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Property
from terrakin.scenes.source import Listing

__all__ = ["date_of", "folder_labels", "labels_of", "name_date", "properties_of"]


def labels_of(values: Mapping[str, Any], options: SourceOptions) -> tuple[str, ...]:
    """Labels from the columns `labels` and `label`, or from the one that was chosen; sorted, without repeats.

    >>> labels_of({"label": "harbor; ship"}, SourceOptions())
    ('harbor', 'ship')
    """
    if options.labels in {"folder", "json", "none"}:
        return ()
    names = (options.label_column,) if options.label_column else ("labels", "label")
    value = next((values[name] for name in names if name and not _is_missing(values.get(name))), None)
    if value is None:
        return ()
    # Not at commas: "Beaches, dunes, sands" is one class.
    words: Iterable[Any] = value.split(";") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    return tuple(sorted({text for word in words if not _is_missing(word) and (text := _text(word))}))


def date_of(values: Mapping[str, Any], options: SourceOptions) -> dt.datetime | None:
    """Acquisition time from the column `datetime` (or `start_datetime`), or from the one that was chosen."""
    if options.dates in {"name", "none"}:
        return None
    for name in (options.date_column,) if options.date_column else ("datetime", "start_datetime"):
        value = values.get(name or "")
        if isinstance(value, dt.datetime | dt.date):
            value = value.isoformat()
        if isinstance(value, str) and (date := parse_date(value) or date_in_name(value)):
            return date
    return None


def properties_of(values: Mapping[str, Any], *, without: Iterable[str] = ()) -> dict[str, Property]:
    """Every column that is text, a number or true/false; numbers as floats, empty and nested ones left out."""
    skipped = {"path", "label", "labels", "datetime", *without}
    properties: dict[str, Property] = {}
    for name, value in values.items():
        if name in skipped or _is_missing(value):
            continue
        if isinstance(value, bool | str):
            properties[name] = value
        elif isinstance(value, int | float):
            properties[name] = float(value)
        elif isinstance(value, dt.datetime | dt.date):
            properties[name] = value.isoformat()
    return properties


def folder_labels(listing: Listing) -> tuple[str, ...]:
    """The label that a folder gives the files in it."""
    wanted = listing.options.labels == "folder" or (listing.options.labels == "auto" and listing.class_folders)
    return (listing.prefix.split("/")[-2],) if wanted and listing.prefix else ()


def name_date(name: str, options: SourceOptions) -> dt.datetime | None:
    """The date in a name, where names are to be asked."""
    return date_in_name(name) if options.dates in {"auto", "name"} else None


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
