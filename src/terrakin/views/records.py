"""Rankings as records for programs: JSON, one JSON object a line, or CSV."""

import csv
import dataclasses
import datetime as dt
import io
import json
import math
from typing import Any

from terrakin.scenes.scene import Property
from terrakin.search.ranking import Hit, Ranking
from terrakin.spaces.space import Space

__all__ = [
    "CSV_COLUMNS",
    "approximation",
    "csv_text",
    "finite",
    "hit_record",
    "json_text",
    "jsonl_text",
    "rfc3339",
    "space_record",
]

CSV_COLUMNS = ("rank", "id", "distance", "source", "window", "labels", "datetime", "west", "south", "east", "north")
"""Columns of `csv_text`, in order."""


def json_text(ranking: Ranking) -> str:
    """One JSON object: `archive`, `query`, `space`, `k`, `filter` and `hits` in order, ending with a line end.

    Where codes chose the hits there is `codes` (`bits`, `shortlist`), and where the search was not exact, `recall` (`value`,
    `k`, `queries`, `chips`).
    """
    record = {
        "archive": ranking.archive,
        "query": ranking.query,
        "space": space_record(ranking.space),
        "k": ranking.k,
        "filter": ranking.filter,
        **approximation(ranking),
        "hits": [hit_record(hit) for hit in ranking.hits],
    }
    return _dump(record, indent=2) + "\n"


def approximation(ranking: Ranking) -> dict[str, Any]:
    """What tells that a ranking is not that of sorting all vectors by distance, as plain values; nothing where it is."""
    found: dict[str, Any] = {}
    if ranking.codes is not None:
        found["codes"] = {"bits": ranking.codes.size, "shortlist": ranking.shortlist}
    if ranking.recall is not None:
        found["recall"] = dataclasses.asdict(ranking.recall)
    return found


def jsonl_text(ranking: Ranking) -> str:
    """One hit a line, as in `json_text`; nothing where there are no hits."""
    return "".join(_dump(hit_record(hit)) + "\n" for hit in ranking.hits)


def csv_text(ranking: Ranking) -> str:
    """RFC 4180, lines ending in a line feed: `CSV_COLUMNS`, then one row a hit.

    The window is `col,row,width,height` as in ids, several labels are joined by `;`, and what is not known is empty. Texts
    are given as they are: a spreadsheet that runs cells beginning with `=` should import them as text.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for hit in ranking.hits:
        moment = "" if hit.datetime is None else rfc3339(hit.datetime)
        box = hit.bbox or ("", "", "", "")
        writer.writerow([hit.rank, hit.id, hit.distance, hit.source, str(hit.window), ";".join(hit.labels), moment, *box])
    return text.getvalue()


def hit_record(hit: Hit) -> dict[str, Any]:
    """A hit as plain values that JSON holds; the distance of a hit that could not be compared is null."""
    return {
        "rank": hit.rank,
        "id": hit.id,
        "distance": finite(hit.distance),
        "source": hit.source,
        "window": {"col": hit.window.col, "row": hit.window.row, "width": hit.window.width, "height": hit.window.height},
        "labels": list(hit.labels),
        "datetime": None if hit.datetime is None else rfc3339(hit.datetime),
        "bbox": None if hit.bbox is None else list(hit.bbox),
    }


def space_record(space: Space) -> dict[str, str | int]:
    """A space as plain values.

    >>> space_record(Space("cosine", 128))
    {'kind': 'cosine', 'size': 128, 'codes': 1}
    """
    return {"kind": space.kind, "size": space.size, "codes": space.codes}


def finite(value: Property | None) -> Property | None:
    """`value`, or None for NaN and the infinities, which JSON has not.

    >>> finite(0.5), finite("nan"), finite(float("inf"))
    (0.5, 'nan', None)
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rfc3339(moment: dt.datetime) -> str:
    """An aware time as RFC 3339 writes it, in UTC.

    Raises:
        ValueError: if `moment` has no time zone.

    >>> rfc3339(dt.datetime(2024, 5, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))))
    '2024-05-01T10:30:00Z'
    """
    if moment.tzinfo is None:
        raise ValueError(f"a time needs a time zone, got {moment.isoformat()}")
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"


def _dump(record: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=indent)
