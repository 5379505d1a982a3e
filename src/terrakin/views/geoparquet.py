"""Rankings and archives as GeoParquet 1.1."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from terrakin.archive.schema import PROPERTY, VECTOR
from terrakin.bundles.passport import Passport
from terrakin.search.ranking import Ranking
from terrakin.views.hilbert import hilbert_index
from terrakin.views.output import written
from terrakin.views.records import space_record
from terrakin.views.spill import sorted_groups

__all__ = ["Grid", "write_archive", "write_ranking"]

Grid = tuple[str | None, tuple[float, float, float, float, float, float] | None]
"""Native CRS (`EPSG:<code>` or WKT) and affine (a, b, c, d, e, f) of a scene, as in `Scene`."""

_GROUP_BYTES = 128 << 20
"""Uncompressed size of a row group: large enough to read at a stretch, small enough to skip."""

_BOX = pa.struct([(name, pa.float64()) for name in ("xmin", "ymin", "xmax", "ymax")])
_WINDOW = pa.struct([(name, pa.int32()) for name in ("col", "row", "width", "height")])
_TIME = pa.timestamp("us", tz="UTC")
_PLACE = "place on the Hilbert curve"
"""Scratch column that rows are sorted by."""


def write_archive(
    path: Path,
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    *,
    passport: Passport,
    grids: Mapping[str, Grid],
    group_bytes: int = _GROUP_BYTES,
) -> None:
    """Write chips with their embeddings; memory holds a few row groups and about 100 bytes a chip.

    Columns: `id`, `geometry` (EPSG:4326, WKB), `bbox`, `embedding`, `labels`, `datetime`, `source`, `window`, `crs` and
    `transform` (of the scene's own grid), `valid_share`, then the properties under their names, or as `property:<name>` where
    that is one of these. Rows lie along a Hilbert curve, chips without geography last, equal places by id. ZSTD. The file's
    metadata are `geo` and `emb`.

    Args:
        path: where to.
        batches: rows of a chips table; the thumbnail column may be left out.
        schema: their columns.
        passport: of the bundle that made the embeddings.
        grids: by `uri` of the scene; null for a scene that is not named.
        group_bytes: uncompressed size of a row group.

    Raises:
        OutputError: if `path` cannot be written.
    """
    columns = _archive_schema(schema)
    found = _Found()
    with written(path) as partial:
        groups = sorted_groups(
            (_archive_batch(batch, columns, grids, found) for batch in batches),
            columns.append(pa.field(_PLACE, pa.uint64())),
            by=(_PLACE, "id"),
            scratch=partial.with_suffix(".scratch"),
            group_bytes=group_bytes,
        )
        # Every row has been seen once the first group comes, so the metadata are complete.
        first = next(groups, None)
        metadata = {"geo": _geo(found), "emb": _emb(passport)}
        with _writer(partial, columns, metadata) as writer:
            while first is not None:
                writer.write_table(first.select(columns.names), row_group_size=len(first))
                first = next(groups, None)


def write_ranking(path: Path, ranking: Ranking) -> None:
    """Write the hits in order of rank, without embeddings; the question is the file's metadata `search`.

    Columns: `rank`, `id`, `distance`, `geometry`, `bbox`, `labels`, `datetime`, `source`, `window`, `valid_share`, then the
    properties as in `write_archive`.

    Raises:
        OutputError: if `path` cannot be written.
    """
    hits = ranking.hits
    found = _Found()
    geometry, box = _places([hit.footprint for hit in hits], found)
    windows = [dataclasses.asdict(hit.window) for hit in hits]
    columns = {
        "rank": pa.array([hit.rank for hit in hits], pa.int32()),
        "id": pa.array([hit.id for hit in hits], pa.string()),
        "distance": pa.array([hit.distance for hit in hits], pa.float32()),
        "geometry": geometry,
        "bbox": box,
        "labels": pa.array([list(hit.labels) for hit in hits], pa.list_(pa.string())),
        "datetime": pa.array([hit.datetime for hit in hits], _TIME),
        "source": pa.array([hit.source for hit in hits], pa.string()),
        "window": pa.array(windows, _WINDOW),
        "valid_share": pa.array([hit.valid_share for hit in hits], pa.float32()),
    }
    for name in sorted({name for hit in hits for name in hit.properties}):
        columns[PROPERTY + name if name in columns else name] = pa.array([hit.properties.get(name) for hit in hits])
    table = pa.table(columns)
    search = {
        "archive": ranking.archive,
        "query": ranking.query,
        "space": space_record(ranking.space),
        "k": ranking.k,
        "filter": ranking.filter,
    }
    with written(path) as partial, _writer(partial, table.schema, {"geo": _geo(found), "search": search}) as writer:
        writer.write_table(table)


@dataclasses.dataclass(slots=True)
class _Found:
    """What the geometries are, gathered as they pass."""

    kinds: set[str] = dataclasses.field(default_factory=set)
    """Geometry types."""
    bounds: NDArray[np.float64] = dataclasses.field(default_factory=lambda: np.full(4, np.nan))
    """(xmin, ymin, xmax, ymax) of all; NaN while there is none."""


def _places(footprints: Sequence[bytes | None], found: _Found) -> tuple[pa.Array, pa.Array]:
    """The columns `geometry` and `bbox`.

    The box is the range of the coordinates, so the whole circle for a footprint across the antimeridian. RFC 7946's west > east
    would be shorter, but readers that compare numbers would miss such chips.
    """
    shapes = shapely.from_wkb(np.array(footprints, dtype=object))
    there = ~shapely.is_missing(shapes)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    if there.any():
        found.kinds |= {shape.geom_type for shape in shapes[there]}
        low, high = np.fmin.reduce(bounds[:, :2]), np.fmax.reduce(bounds[:, 2:])
        found.bounds = np.concatenate([np.fmin(found.bounds[:2], low), np.fmax(found.bounds[2:], high)])
    box = pa.StructArray.from_arrays([pa.array(side) for side in bounds.T.copy()], fields=list(_BOX), mask=pa.array(~there))
    return pa.array(footprints, pa.binary()), box


def _archive_schema(schema: pa.Schema) -> pa.Schema:
    columns = {
        "id": pa.string(),
        "geometry": pa.binary(),
        "bbox": _BOX,
        "embedding": schema.field(VECTOR).type,
        "labels": pa.list_(pa.string()),
        "datetime": _TIME,
        "source": pa.string(),
        "window": _WINDOW,
        "crs": pa.string(),
        "transform": pa.list_(pa.float64(), 6),
        "valid_share": pa.float32(),
    }
    for field in schema:
        if field.name.startswith(PROPERTY):
            name = field.name.removeprefix(PROPERTY)
            columns[field.name if name in columns else name] = field.type
    return pa.schema(list(columns.items()))


def _archive_batch(batch: pa.RecordBatch, columns: pa.Schema, grids: Mapping[str, Grid], found: _Found) -> pa.RecordBatch:
    geometry, box = _places(batch.column("footprint").to_pylist(), found)
    scenes = [grids.get(uri, (None, None)) for uri in batch.column("scene").to_pylist()]
    made = {
        "id": batch.column("id"),
        "geometry": geometry,
        "bbox": box,
        "embedding": batch.column(VECTOR),
        "labels": batch.column("labels"),
        "datetime": batch.column("datetime"),
        "source": batch.column("scene"),
        "window": pa.StructArray.from_arrays([batch.column(field.name) for field in _WINDOW], fields=list(_WINDOW)),
        "crs": pa.array([crs for crs, _ in scenes], pa.string()),
        "transform": pa.array([transform for _, transform in scenes], columns.field("transform").type),
        "valid_share": batch.column("valid_share"),
    }
    for name in columns.names[len(made) :]:
        made[name] = batch.column(name if name.startswith(PROPERTY) else PROPERTY + name)
    made[_PLACE] = pa.array(_curve(batch))
    return pa.RecordBatch.from_pydict(made, schema=columns.append(pa.field(_PLACE, pa.uint64())))


def _curve(batch: pa.RecordBatch) -> NDArray[np.uint64]:
    sides = (batch.column(side).to_numpy(zero_copy_only=False) for side in ("west", "south", "east", "north"))
    west, south, east, north = (np.asarray(side, dtype=np.float64) for side in sides)
    middle = (west + east) / 2
    # Across the antimeridian the mean of the sides lies on the far side of the world.
    return hilbert_index(np.where(west > east, (middle + 360) % 360 - 180, middle), (south + north) / 2)


def _writer(path: Path, columns: pa.Schema, metadata: Mapping[str, Any]) -> pq.ParquetWriter:
    texts = {key: json.dumps(value, ensure_ascii=False) for key, value in metadata.items()}
    repeated = [name for name in ("source", "crs") if name in columns.names]
    return pq.ParquetWriter(path, columns.with_metadata(texts), compression="zstd", use_dictionary=repeated)


def _geo(found: _Found) -> dict[str, Any]:
    from pyproj import CRS

    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(found.kinds),
        "crs": CRS.from_epsg(4326).to_json_dict(),
        "covering": {"bbox": {side: ["bbox", side] for side in (field.name for field in _BOX)}},
    }
    if found.kinds:
        column["bbox"] = found.bounds.tolist()
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _emb(passport: Passport) -> dict[str, Any]:
    """What made the embeddings, so that vectors of different models are never mixed."""
    space = passport.space
    return {
        "model": {
            "id": passport.name,
            "version": passport.version,
            "licence": passport.licence,
            "training_data": passport.training_data,
            "digest": passport.digest,
        },
        "reducer": None if passport.reducer is None else dataclasses.asdict(passport.reducer),
        "space": space_record(space),
        "data_type": space.dtype,
        "quantisation": {"method": "sign" if space.is_binary else "none", "original_dtype": "float32"},
    }
