"""The filter of a query: a written condition, a box and a span of time as one condition."""

import pyarrow as pa

from terrakin.archive.condition import All, Compare, Condition, Inside
from terrakin.chips.window import Box, checked_box
from terrakin.errors import FilterError
from terrakin.search.label_sets import LabelSet
from terrakin.search.period import period
from terrakin.search.where import parse

__all__ = ["condition", "words"]


def condition(
    schema: pa.Schema,
    *,
    where: str | None = None,
    labels: LabelSet | None = None,
    bbox: Box | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Condition | None:
    """Everything that a chip must be to answer; None where anything may.

    Args:
        schema: columns of the archive, against which names are checked.
        where: text in the grammar of `search.where`.
        labels: what of these the chip must have.
        bbox: chips whose box touches it.
        since: RFC 3339 time, or a day, month or year; chips of then or later.
        until: the same; chips of then or earlier, a day, month or year counting as a whole.

    Raises:
        FilterError: if a part cannot be read, or names a field that the archive lacks.
    """
    parts: list[Condition] = []
    if where is not None:
        parts.append(parse(where, schema=schema))
    if labels is not None:
        parts.append(labels.condition)
    if bbox is not None:
        try:
            parts.append(Inside(*checked_box(bbox)))
        except ValueError as exc:
            raise FilterError(str(exc)) from exc
    if since is not None:
        parts.append(Compare("datetime", ">=", period(since).start))
    if until is not None:
        last = period(until)
        parts.append(Compare("datetime", "<=", last.start) if last.end is None else Compare("datetime", "<", last.end))
    return None if not parts else parts[0] if len(parts) == 1 else All(tuple(parts))


def words(
    *,
    where: str | None = None,
    labels: LabelSet | None = None,
    bbox: Box | None = None,
    since: str | None = None,
    until: str | None = None,
) -> str | None:
    """The filter as it was asked, in one line; None where nothing was.

    >>> words(where="label = 'harbor'", since="2020-01-01")
    "label = 'harbor' and since 2020-01-01"
    """
    parts = [
        where,
        None if labels is None else str(labels),
        None if bbox is None else f"bbox {','.join(f'{edge:g}' for edge in bbox)}",
        None if since is None else f"since {since}",
        None if until is None else f"until {until}",
    ]
    return " and ".join(part for part in parts if part) or None
