"""An archive as a static STAC catalogue: one collection, one item a chip, one item for the model."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from terrakin.archive.schema import PROPERTY, VECTOR
from terrakin.bundles.passport import Passport
from terrakin.views import geoparquet
from terrakin.views.geojson import feature_parts
from terrakin.views.geoparquet import Grid
from terrakin.views.output import written_folder
from terrakin.views.records import finite, rfc3339
from terrakin.views.stac_model import model_item

__all__ = ["EMBEDDINGS", "SINCE", "write_archive"]

EMBEDDINGS = "https://stac-extensions.github.io/embeddings/v0.0.1/schema.json"
"""Version of the embeddings extension whose fields are written; a proposal, `geo-embeddings/embeddings-stac-specification`."""

SINCE = dt.datetime(1858, 1, 1, tzinfo=dt.UTC)
"""The year of the first aerial photograph: no image was taken earlier."""

_VERSION = "1.1.0"
_WORLD = [-180.0, -90.0, 180.0, 90.0]


def write_archive(
    folder: Path,
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    *,
    title: str,
    sources: Sequence[str],
    passport: Passport,
    model: bytes,
    grids: Mapping[str, Grid],
    now: dt.datetime,
) -> None:
    """Write a catalogue that needs nothing outside `folder` but the scenes themselves.

    `collection.json`; `embeddings.parquet` with every chip and its vector (GeoParquet); `model/` with the network and its item;
    `items/<scene>/<window>.json` with the thumbnail beside it. A chip without geography has a null geometry and no box. A chip
    without a date was taken at some time between `SINCE` and `now`: its `datetime` is null, and those are its
    `start_datetime` and `end_datetime`. Labels are `keywords`; what STAC has no field for begins with `terrakin:`.

    The fields `emb:...` are those of `EMBEDDINGS`, and a link says so. It does not stand among the `stac_extensions`: that
    proposal's schema is not served at its address, so every validator would fail to fetch it, and it refuses STAC 1.1.

    Args:
        folder: must not exist, or be empty.
        batches: rows of a chips table, thumbnails included.
        schema: their columns.
        title: what the archive is called.
        sources: paths that were indexed, at least one.
        passport: of the bundle that made the embeddings.
        model: bytes of its `model.onnx`.
        grids: by `uri` of the scene, as in `geoparquet.write_archive`.
        now: the time of writing, aware.

    Raises:
        OutputError: if `folder` holds something, or cannot be written.
    """
    if not sources:
        raise ValueError("a catalogue names at least one source")
    seen = _Seen()
    with written_folder(folder) as partial:
        geoparquet.write_archive(
            partial / "embeddings.parquet",
            _with_items(batches, partial, title, now, seen),
            schema,
            passport=passport,
            grids=grids,
        )
        (partial / "model").mkdir()
        (partial / "model" / "model.onnx").write_bytes(model)
        _dump(partial / "model" / "model.json", model_item(passport, now))
        _dump(partial / "collection.json", _collection(title, sources, passport, seen, now))


class _Seen:
    """What the collection says of its items, gathered as they pass."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.boxes: list[float] | None = None
        self.first: dt.datetime | None = None
        self.last: dt.datetime | None = None

    def add(self, href: str, box: Sequence[float] | None, moment: dt.datetime, until: dt.datetime) -> None:
        self.items.append(href)
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = until if self.last is None else max(self.last, until)
        if box is not None:
            west, south, east, north = box
            # One box for all: what crosses the antimeridian makes it span the world.
            sides = [-180.0, south, 180.0, north] if west > east else [west, south, east, north]
            old = self.boxes or sides
            self.boxes = [*map(min, old[:2], sides[:2]), *map(max, old[2:], sides[2:])]


def _with_items(
    batches: Iterable[pa.RecordBatch], root: Path, title: str, now: dt.datetime, seen: _Seen
) -> Iterator[pa.RecordBatch]:
    """The same batches; on the way each row becomes an item with its thumbnail."""
    for batch in batches:
        for row in batch.drop_columns([VECTOR]).to_pylist():
            name = "-".join(str(row[side]) for side in ("col", "row", "width", "height"))
            folder = Path("items") / _folder(row["scene"])
            (root / folder).mkdir(parents=True, exist_ok=True)
            item = _item(row, name, title, now)
            if row["thumbnail"] is not None:
                (root / folder / f"{name}.jpg").write_bytes(row["thumbnail"])
            _dump(root / folder / f"{name}.json", item)
            moment = row["datetime"]
            seen.add(f"./{folder.as_posix()}/{name}.json", item.get("bbox"), moment or SINCE, moment or now)
        yield batch


def _item(row: Mapping[str, Any], name: str, title: str, now: dt.datetime) -> dict[str, Any]:
    moment = row["datetime"]
    properties: dict[str, Any] = {"title": row["id"], "datetime": None if moment is None else rfc3339(moment)}
    if moment is None:
        properties |= {"start_datetime": rfc3339(SINCE), "end_datetime": rfc3339(now)}
    if row["labels"]:
        properties["keywords"] = row["labels"]
    properties["terrakin:window"] = [row[side] for side in ("col", "row", "width", "height")]
    properties["terrakin:valid_share"] = round(row["valid_share"], 6)
    for column, value in row.items():
        if column.startswith(PROPERTY) and finite(value) is not None:
            properties[f"terrakin:{column}"] = value
    assets: dict[str, Any] = {
        "embeddings": {
            "href": "../../embeddings.parquet",
            "type": "application/vnd.apache.parquet",
            "roles": ["data"],
            "description": f"Row {row['id']!r} of column id.",
        }
    }
    if row["thumbnail"] is not None:
        assets["thumbnail"] = {"href": f"./{name}.jpg", "type": "image/jpeg", "roles": ["thumbnail"]}
    links = [
        *(
            {"rel": rel, "href": "../../collection.json", "type": "application/json"}
            for rel in ("root", "parent", "collection")
        ),
        {"rel": "emb:source-data", "href": _uri(row["scene"]), "title": "The scene that the chip was cut from"},
    ]
    box = None if row["west"] is None else [row[side] for side in ("west", "south", "east", "north")]
    return {
        "stac_version": _VERSION,
        "stac_extensions": [],
        **feature_parts(row["id"], row["footprint"], box),
        "collection": title,
        "properties": properties,
        "links": links,
        "assets": assets,
    }


def _collection(title: str, sources: Sequence[str], passport: Passport, seen: _Seen, now: dt.datetime) -> dict[str, Any]:
    space = passport.space
    interval = [rfc3339(seen.first or SINCE), rfc3339(seen.last or now)]
    links = [
        {"rel": "root", "href": "./collection.json", "type": "application/json"},
        {"rel": "emb:model", "href": "./model/model.json", "type": "application/geo+json", "title": passport.name},
        *({"rel": "emb:source-data", "href": _uri(source), "title": "Indexed imagery"} for source in sources),
        {"rel": "describedby", "href": EMBEDDINGS, "title": "What the fields emb:... mean (proposed extension, version 0.0.1)"},
        *({"rel": "item", "href": href, "type": "application/geo+json"} for href in seen.items),
    ]
    return {
        "type": "Collection",
        "stac_version": _VERSION,
        "stac_extensions": [],
        "id": title,
        "title": title,
        "description": f"{len(seen.items)} chips of imagery with embeddings of {passport.name} {passport.version}.",
        # The imagery's licence is its owner's; STAC's word for "see the source" is `other`.
        "license": "other",
        "extent": {"spatial": {"bbox": [seen.boxes or _WORLD]}, "temporal": {"interval": [interval]}},
        "emb:type": "chip",
        "emb:dimensions": space.size * space.codes,
        "data_type": space.dtype,
        "emb:temporal_resolution": "single_acquisition",
        "emb:fit_for_use": ["retrieval", "similarity_search"],
        "assets": {
            "embeddings": {
                "href": "./embeddings.parquet",
                "type": "application/vnd.apache.parquet",
                "roles": ["data"],
                "title": "Every chip with its embedding",
            }
        },
        "links": links,
    }


def _folder(scene: str) -> str:
    """A name for a scene's folder: readable, safe on every file system, and of no other scene."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(scene).name).strip(".-")[:48]
    return f"{readable}-{hashlib.sha256(scene.encode()).hexdigest()[:10]}".lstrip("-")


def _uri(path: str) -> str:
    return Path(path).as_uri() if Path(path).is_absolute() else path


def _dump(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
