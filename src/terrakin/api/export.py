"""An archive for other programs: one function a format."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from terrakin.archive.ledger import Ledger
from terrakin.archive.schema import CODE, VECTOR
from terrakin.archive.store import Store
from terrakin.bundles.bundle import Bundle
from terrakin.errors import OutputError

if TYPE_CHECKING:
    from terrakin.evaluation.experiment import RankedQuery
    from terrakin.views.geoparquet import Grid
    from terrakin.views.trec import Judged

__all__ = ["FORMATS", "TREC_DEPTH", "Contents", "export"]

TREC_DEPTH = 1000
"""Hits a query in a TREC run, as is usual: whole rankings would grow with the square of the archive."""


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What an archive holds, as an export needs it."""

    name: str
    """What it is called."""
    sources: tuple[str, ...]
    """Absolute paths that were indexed."""
    bundle: Bundle
    """The model that its vectors come from."""
    store: Store
    """Its chips."""
    ledger: Ledger
    """Its scenes."""


def export(format: str, out: Path, contents: Contents) -> int:  # noqa: A002 - the field's word
    """Write every chip to `out`; returns how many chips were written, for `trec` how many queries.

    Raises:
        ValueError: if `format` is none of `FORMATS`.
        TerrakinError: if `out` cannot be written, or the archive lacks what the format is about.
    """
    if format not in FORMATS:
        raise ValueError(f"no export format {format!r}; there are {', '.join(sorted(FORMATS))}")
    return FORMATS[format](contents, out)


def _geojson(contents: Contents, out: Path) -> int:
    from terrakin.views import geojson

    batches = _Counted(contents.store.scan(_columns(contents, VECTOR, "thumbnail").names))
    geojson.write_archive(out, batches)
    return batches.rows


def _geoparquet(contents: Contents, out: Path) -> int:
    from terrakin.views import geoparquet

    columns = _columns(contents, "thumbnail")
    batches = _Counted(contents.store.scan(columns.names))
    geoparquet.write_archive(out, batches, columns, passport=contents.bundle.passport, grids=_grids(contents))
    return batches.rows


def _stac(contents: Contents, out: Path) -> int:
    from terrakin.views import stac

    if not contents.sources:
        raise OutputError(f"archive {contents.name!r} is empty: nothing was indexed, so a catalogue has no source to name")
    columns = _columns(contents)
    batches = _Counted(contents.store.scan(columns.names))
    stac.write_archive(
        out,
        batches,
        columns,
        title=contents.name,
        sources=contents.sources,
        passport=contents.bundle.passport,
        model=contents.bundle.model,
        grids=_grids(contents),
        now=dt.datetime.now(dt.UTC),
    )
    return batches.rows


def _trec(contents: Contents, out: Path) -> int:
    """Leave-one-out over every labelled chip: `run.txt` with the nearest hits of each, `qrels.txt` with what is relevant."""
    from terrakin.api.labelled import labelled
    from terrakin.evaluation.experiment import prepare, ranked_queries
    from terrakin.views import trec

    experiment = prepare(labelled(contents.store))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot make the folder {out}: {exc.strerror or exc}") from exc
    return trec.write_files(out, map(_judged, ranked_queries(experiment)), name=contents.bundle.passport.name)


def _judged(query: "RankedQuery") -> "Judged":
    hits = list(zip(query.ids[:TREC_DEPTH], query.distances[:TREC_DEPTH].tolist(), strict=True))
    return query.id, hits, {query.ids[place]: 1 for place in np.flatnonzero(query.relevance)}


class _Counted:
    """Batches, and how many rows they had once they have passed."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self.rows = 0
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch


def _columns(contents: Contents, *without: str) -> pa.Schema:
    # Other programs have no use for codes without the hash function.
    return pa.schema([field for field in contents.store.columns() if field.name not in (CODE, *without)])


def _grids(contents: Contents) -> "dict[str, Grid]":
    return {scene.uri: (scene.crs, scene.transform) for scene, _ in contents.ledger.scenes()}


FORMATS: dict[str, Callable[[Contents, Path], int]] = {
    "geojson": _geojson,
    "geoparquet": _geoparquet,
    "stac": _stac,
    "trec": _trec,
}
"""Every format by name."""
