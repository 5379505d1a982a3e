"""An archive for other programs: one function a format."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from terrakin.archive.schema import VECTOR

if TYPE_CHECKING:
    from terrakin.api.archive import Archive

__all__ = ["FORMATS", "export"]


def export(archive: "Archive", format: str, out: Path) -> int:  # noqa: A002 - the field's word
    """Write every chip of `archive` to `out`; returns how many.

    Raises:
        ValueError: if `format` is none of `FORMATS`.
        TerrakinError: if `out` cannot be written.
    """
    if format not in FORMATS:
        raise ValueError(f"no export format {format!r}; there are {', '.join(sorted(FORMATS))}")
    FORMATS[format](archive, out)
    return len(archive)


def _geojson(archive: "Archive", out: Path) -> None:
    from terrakin.views import geojson

    store = archive.store
    geojson.write_archive(out, store.scan([name for name in store.columns().names if name not in (VECTOR, "thumbnail")]))


def _geoparquet(archive: "Archive", out: Path) -> None:
    from terrakin.views import geoparquet

    store = archive.store
    names = [name for name in store.columns().names if name != "thumbnail"]
    schema = store.columns()
    geoparquet.write_archive(
        out,
        store.scan(names),
        type(schema)([field for field in schema if field.name in names]) if False else _only(schema, names),
        passport=archive.bundle.passport,
        grids={scene.uri: (scene.crs, scene.transform) for scene, _ in archive.ledger.scenes()},
    )


def _stac(archive: "Archive", out: Path) -> None:
    from terrakin.views import stac

    store = archive.store
    stac.write_archive(out, store.scan(store.columns().names), passport=archive.bundle.passport, title=archive.path.name)


def _trec(archive: "Archive", out: Path) -> None:
    from terrakin.api.labelled import labelled
    from terrakin.views import trec

    raise NotImplementedError
