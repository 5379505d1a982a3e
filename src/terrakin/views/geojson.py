"""Rankings and archives as GeoJSON (RFC 7946)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely
from shapely.geometry.polygon import orient

from terrakin.archive.schema import PROPERTY, VECTOR
from terrakin.search.ranking import Ranking
from terrakin.views.output import written
from terrakin.views.records import approximation, finite, hit_record, rfc3339, space_record

__all__ = ["archive_lines", "feature_parts", "ranking_text", "write_archive"]

_DECIMALS = 7
"""A centimetre at the equator; RFC 7946, 11.2 advises against more than the data hold."""

_NOT_PROPERTIES = ("footprint", "thumbnail", VECTOR, "west", "south", "east", "north", "fingerprint")
"""Columns of a chips table that are no property of a feature: its geometry, its box, or too large."""


def ranking_text(ranking: Ranking) -> str:
    """A feature collection of the hits in order; the question is its foreign member `search`.

    A feature has the chip's id, its footprint and box (null and none without geography; in two parts, with west > east, across
    the antimeridian), and as properties what the JSON form gives, `valid_share` and the scene's properties. A property named
    like one of these is called `property:<name>`.
    """
    search = {
        "archive": ranking.archive,
        "query": ranking.query,
        "space": space_record(ranking.space),
        "k": ranking.k,
        "filter": ranking.filter,
        **approximation(ranking),
    }
    features = []
    for hit in ranking.hits:
        properties = hit_record(hit)
        del properties["bbox"]
        properties["valid_share"] = round(hit.valid_share, 6)
        features.append(feature_parts(hit.id, hit.footprint, hit.bbox) | {"properties": _with(properties, hit.properties)})
    return _dump({"type": "FeatureCollection", "search": search, "features": features}) + "\n"


def write_archive(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """Write the feature collection of `archive_lines`, in memory that does not grow with the archive.

    Raises:
        OutputError: if `path` cannot be written.
    """
    with written(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(archive_lines(batches))


def archive_lines(batches: Iterable[pa.RecordBatch]) -> Iterator[str]:
    """A feature collection of chips, a feature a line.

    Properties are those of `ranking_text` without rank and distance. A chip with exactly one label also carries it as tools
    for labelling embeddings read it: `tile_id` (the chip's id), `class` (the label) and `label` 1.

    Args:
        batches: rows of a chips table; the vector and thumbnail columns may be left out.
    """
    yield '{"type": "FeatureCollection", "features": ['
    separator = "\n"
    for batch in batches:
        for feature in _chips(batch):
            yield separator + _dump(feature)
            separator = ",\n"
    yield "\n]}\n"


def feature_parts(identity: str, footprint: bytes | None, box: Sequence[float] | None) -> dict[str, Any]:
    """The members of a feature that say what and where: `type`, `id`, `bbox` where there is one, and `geometry`.

    Args:
        identity: the chip's id.
        footprint: polygon or multipolygon, EPSG:4326, WKB.
        box: (west, south, east, north) in degrees, west > east across the antimeridian.
    """
    where = {} if box is None else {"bbox": [round(side, _DECIMALS) for side in box]}
    return {"type": "Feature", "id": identity, **where, "geometry": _geometry(footprint)}


def _geometry(wkb: bytes | None) -> dict[str, Any] | None:
    """A footprint as RFC 7946 wants it: outer rings counter-clockwise, coordinates rounded to a centimetre."""
    if wkb is None:
        return None
    shape = shapely.from_wkb(wkb)
    parts = [_rings(orient(part)) for part in shapely.get_parts(shape)]
    if shape.geom_type == "Polygon":
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
    return [
        [[round(x, _DECIMALS), round(y, _DECIMALS)] for x, y in shapely.get_coordinates(ring).tolist()]
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _chips(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    footprints = batch.column("footprint").to_pylist()
    boxes = zip(*(batch.column(side).to_pylist() for side in ("west", "south", "east", "north")), strict=True)
    wanted = [name for name in batch.schema.names if name not in _NOT_PROPERTIES]
    for row, footprint, box in zip(batch.select(wanted).to_pylist(), footprints, boxes, strict=True):
        scene = {
            name.removeprefix(PROPERTY): row[name] for name in wanted if name.startswith(PROPERTY) and row[name] is not None
        }
        properties = {
            "id": row["id"],
            "source": row["scene"],
            "window": {side: row[side] for side in ("col", "row", "width", "height")},
            "labels": row["labels"],
            "datetime": None if row["datetime"] is None else rfc3339(row["datetime"]),
            "valid_share": round(row["valid_share"], 6),
            **_labelled(row["id"], row["labels"]),
        }
        where = feature_parts(row["id"], footprint, None if box[0] is None else box)
        yield where | {"properties": _with(properties, scene)}


def _labelled(identity: str, labels: Sequence[str]) -> dict[str, Any]:
    return {"tile_id": identity, "class": labels[0], "label": 1} if len(labels) == 1 else {}


def _with(properties: dict[str, Any], scene: Mapping[str, Any]) -> dict[str, Any]:
    named = {PROPERTY + name if name in properties else name: value for name, value in scene.items()}
    return properties | {name: finite(value) for name, value in named.items()}


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
