"""An archive for other programs: one function a format."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from terrakin.archive.schema import VECTOR
from terrakin.errors import EvaluationError

if TYPE_CHECKING:
    from terrakin.api.archive import Archive
    from terrakin.evaluation.experiment import RankedQuery
    from terrakin.views.geoparquet import Grid

__all__ = ["FORMATS", "export"]


def export(archive: "Archive", format: str, out: Path) -> int:  # noqa: A002 - the field's word
    """Write every chip of `archive` to `out`; returns how many.

    Raises:
        ValueError: if `format` is none of `FORMATS`.
        TerrakinError: if `out` cannot be written, or the archive lacks what the format is about.
    """
    if format not in FORMATS:
        raise ValueError(f"no export format {format!r}; there are {', '.join(sorted(FORMATS))}")
    FORMATS[format](archive, out)
    return len(archive)


def _geojson(archive: "Archive", out: Path) -> None:
    from terrakin.views import geojson

    geojson.write_archive(out, archive.store.scan(_columns(archive, VECTOR, "thumbnail").names))


def _geoparquet(archive: "Archive", out: Path) -> None:
    from terrakin.views import geoparquet

    columns = _columns(archive, "thumbnail")
    geoparquet.write_archive(
        out, archive.store.scan(columns.names), columns, passport=archive.bundle.passport, grids=_grids(archive)
    )


def _stac(archive: "Archive", out: Path) -> None:
    from terrakin.views import stac

    columns = _columns(archive)
    stac.write_archive(
        out,
        archive.store.scan(columns.names),
        columns,
        title=archive.path.name,
        sources=archive.sources,
        passport=archive.bundle.passport,
        model=archive.bundle.model,
        grids=_grids(archive),
        now=dt.datetime.now(dt.UTC),
    )


def _trec(archive: "Archive", out: Path) -> None:
    """Leave-one-out over every labelled chip: `run.txt` with the whole gallery a query, `qrels.txt` with what is relevant."""
    from terrakin.api.labelled import labelled
    from terrakin.evaluation.experiment import prepare, ranked_queries
    from terrakin.views import trec

    experiment = prepare(labelled(archive.store))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise EvaluationError(f"cannot make the folder {out}: {exc.strerror or exc}") from exc
    runs = ((query.id, list(zip(query.ids, query.distances.tolist(), strict=True))) for query in ranked_queries(experiment))
    trec.write_run(out / "run.txt", runs, name=archive.bundle.passport.name)
    trec.write_qrels(out / "qrels.txt", _relevant(ranked_queries(experiment)))


def _relevant(queries: "Iterator[RankedQuery]") -> Iterator[tuple[str, dict[str, int]]]:
    for query in queries:
        yield query.id, {query.ids[place]: 1 for place in np.flatnonzero(query.relevance)}


def _columns(archive: "Archive", *without: str) -> pa.Schema:
    return pa.schema([field for field in archive.store.columns() if field.name not in without])


def _grids(archive: "Archive") -> "dict[str, Grid]":
    return {scene.uri: (scene.crs, scene.transform) for scene, _ in archive.ledger.scenes()}


FORMATS: dict[str, Callable[["Archive", Path], None]] = {
    "geojson": _geojson,
    "geoparquet": _geoparquet,
    "stac": _stac,
    "trec": _trec,
}
"""Every format by name."""
