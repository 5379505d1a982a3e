"""An archive for other programs: one function a format."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from terrakin.archive.ledger import Ledger
from terrakin.archive.schema import VECTOR
from terrakin.archive.store import Store
from terrakin.bundles.bundle import Bundle
from terrakin.errors import EvaluationError

if TYPE_CHECKING:
    from terrakin.evaluation.experiment import RankedQuery
    from terrakin.views.geoparquet import Grid

__all__ = ["FORMATS", "Contents", "export"]


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


def export(format: str, out: Path, contents: Contents) -> None:  # noqa: A002 - the field's word
    """Write every chip to `out`.

    Raises:
        ValueError: if `format` is none of `FORMATS`.
        TerrakinError: if `out` cannot be written, or the archive lacks what the format is about.
    """
    if format not in FORMATS:
        raise ValueError(f"no export format {format!r}; there are {', '.join(sorted(FORMATS))}")
    FORMATS[format](contents, out)


def _geojson(contents: Contents, out: Path) -> None:
    from terrakin.views import geojson

    geojson.write_archive(out, contents.store.scan(_columns(contents, VECTOR, "thumbnail").names))


def _geoparquet(contents: Contents, out: Path) -> None:
    from terrakin.views import geoparquet

    columns = _columns(contents, "thumbnail")
    geoparquet.write_archive(
        out, contents.store.scan(columns.names), columns, passport=contents.bundle.passport, grids=_grids(contents)
    )


def _stac(contents: Contents, out: Path) -> None:
    from terrakin.views import stac

    columns = _columns(contents)
    stac.write_archive(
        out,
        contents.store.scan(columns.names),
        columns,
        title=contents.name,
        sources=contents.sources,
        passport=contents.bundle.passport,
        model=contents.bundle.model,
        grids=_grids(contents),
        now=dt.datetime.now(dt.UTC),
    )


def _trec(contents: Contents, out: Path) -> None:
    """Leave-one-out over every labelled chip: `run.txt` with the whole gallery a query, `qrels.txt` with what is relevant."""
    from terrakin.api.labelled import labelled
    from terrakin.evaluation.experiment import prepare, ranked_queries
    from terrakin.views import trec

    experiment = prepare(labelled(contents.store))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise EvaluationError(f"cannot make the folder {out}: {exc.strerror or exc}") from exc
    runs = ((query.id, list(zip(query.ids, query.distances.tolist(), strict=True))) for query in ranked_queries(experiment))
    trec.write_run(out / "run.txt", runs, name=contents.bundle.passport.name)
    trec.write_qrels(out / "qrels.txt", _relevant(ranked_queries(experiment)))


def _relevant(queries: "Iterator[RankedQuery]") -> Iterator[tuple[str, dict[str, int]]]:
    for query in queries:
        yield query.id, {query.ids[place]: 1 for place in np.flatnonzero(query.relevance)}


def _columns(contents: Contents, *without: str) -> pa.Schema:
    return pa.schema([field for field in contents.store.columns() if field.name not in without])


def _grids(contents: Contents) -> "dict[str, Grid]":
    return {scene.uri: (scene.crs, scene.transform) for scene, _ in contents.ledger.scenes()}


FORMATS: dict[str, Callable[[Contents, Path], None]] = {
    "geojson": _geojson,
    "geoparquet": _geoparquet,
    "stac": _stac,
    "trec": _trec,
}
"""Every format by name."""
