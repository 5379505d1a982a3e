"""The doctor: what of the installation and of an archive is in order, and what to do about the rest."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from terrakin.api.archive import Archive
from terrakin.archive.lock import writer
from terrakin.archive.run import unfinished
from terrakin.bundles.bundle import DEFAULT, open_bundle
from terrakin.errors import ArchiveBusyError, ArchiveError, TerrakinError

__all__ = ["Finding", "examine_archive", "examine_installation"]

_PACKAGES = {
    "numpy": "numpy",
    "PIL": "pillow",
    "rasterio": "rasterio",
    "shapely": "shapely",
    "pyproj": "pyproj",
    "pyarrow": "pyarrow",
    "lance": "pylance",
    "faiss": "faiss-cpu",
    "onnxruntime": "onnxruntime",
    "matplotlib": "matplotlib",
    "filelock": "filelock",
}
"""What the runtime needs: name of the module and of its distribution."""

_FREE_SPACE = 1_000_000_000
"""Bytes; indexing with less free space than this is likely to end on a full disk."""

_RESTORE = "restore it from a copy, or index its sources into a new one"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """What was looked at."""
    words: str
    """What was found."""
    advice: str | None = None
    """What to do; None where it is in order."""


def examine_installation() -> Iterator[Finding]:
    """Look at Python, the packages, the raster formats and the shipped model."""
    yield Finding("python", sys.version.split()[0])
    for module, distribution in _PACKAGES.items():
        yield _package(module, distribution)
    try:
        version("geopandas")
        yield Finding("extra geo", "installed: hits as pandas and geopandas tables")
    except PackageNotFoundError:
        yield Finding("extra geo", "not installed; optional, for hits as tables: pip install 'terrakin[geo]'")
    yield _formats()
    try:
        open_bundle(DEFAULT).self_check()
        yield Finding(f"model {DEFAULT}", "answers its self-test")
    except TerrakinError as exc:
        yield Finding(f"model {DEFAULT}", str(exc), "install terrakin again: pip install --force-reinstall terrakin")


def examine_archive(path: Path) -> Iterator[Finding]:
    """Look at an archive: manifest, bundle, tables, sources, lock, room on the disk."""
    try:
        held = Archive.open(path)
    except TerrakinError as exc:
        yield Finding("archive", str(exc), _RESTORE)
        return
    try:
        held.bundle.self_check()
    except TerrakinError as exc:
        # Without the model nothing is known of the space that the vectors are in.
        yield Finding("model", str(exc), f"restore {path}/bundle* from a copy, or index the sources into a new archive")
        return
    yield Finding("model", "answers its self-test")
    try:
        facts = held.info()
    except TerrakinError as exc:
        yield Finding("archive", str(exc), _RESTORE)
        return
    chips, scenes = facts["chips"], facts["scenes"]
    yield Finding("archive", f"format {facts['format']}, {chips:,} chips of {scenes:,} scenes, {facts['model']}")
    yield _unfinished(held)
    yield _skipped(facts["skipped"], path)
    for source in facts["sources"]:
        if not Path(source).exists():
            yield Finding(
                "source", f"{source} is not there", "put it back, or leave it: its chips still answer, without pixels"
            )
    try:
        with writer(path):
            yield Finding("writer", "none at work")
    except ArchiveBusyError as exc:
        yield Finding("writer", str(exc))
    except (ArchiveError, OSError) as exc:
        yield Finding("writer", f"the archive can be searched and not written: {exc}")
    free = shutil.disk_usage(path).free
    yield Finding("disk", f"{free / 1e9:,.1f} GB free", None if free >= _FREE_SPACE else "make room before indexing more")


def _package(module: str, distribution: str) -> Finding:
    try:
        importlib.import_module(module)
        return Finding(distribution, version(distribution))
    except (ImportError, PackageNotFoundError) as exc:
        return Finding(distribution, f"does not import: {exc}", f"pip install --force-reinstall {distribution}")


def _formats() -> Finding:
    from rasterio.drivers import raster_driver_extensions

    known = set(raster_driver_extensions().values())
    missing = [driver for driver in ("GTiff", "JP2OpenJPEG") if driver not in known]
    if missing:
        return Finding(
            "raster formats", f"without {', '.join(missing)}", "pip install --force-reinstall rasterio (its wheels have them)"
        )
    return Finding("raster formats", "GeoTIFF, COG, JPEG 2000 and more")


def _unfinished(held: Archive) -> Finding:
    left = unfinished(held.store, held.ledger.entries())
    if left:
        return Finding(
            "scenes",
            f"{len(left):,} were left half done, such as {min(left)}",
            "run the same index command again, with --prune where the file is gone",
        )
    return Finding("scenes", "every one is whole")


def _skipped(count: int, path: Path) -> Finding:
    from terrakin.archive.report import NAME

    if count:
        # The user's files, not the archive, may want mending.
        return Finding("skipped", f"{count:,} files were not taken in; the reasons are in {path / NAME}")
    return Finding("skipped", "nothing")
