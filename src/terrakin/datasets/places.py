"""Places seen at several times: a manifest of images with a place each.

The general layout for place retrieval. The data set that it was made for, Google Earth images of South Korea by Yun et al.,
was published without file names or boxes.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from terrakin.datasets.dataset import Facts, Sample
from terrakin.errors import DatasetError

__all__ = ["MANIFEST", "PLACES", "Places"]

MANIFEST = "places.csv"
"""Name of the manifest in a folder."""
_BOX = ("minx", "miny", "maxx", "maxy")
_COLUMNS = ("path", "place", "year", *_BOX)


@dataclass(frozen=True, slots=True)
class Places:
    """Images of places, listed in a csv with the columns `path, place, year, minx, miny, maxx, maxy`.

    Paths are relative to the manifest's folder. The box is in metres of one projected system, or empty. A sample's one label
    is its place; `year` and the box are properties.
    """

    name: str
    """Name in the registry."""
    title: str
    """Name for people."""
    facts: Facts
    """What a person wants to know before using it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Empty: places are not known beforehand."""
        return ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Empty: places are not known beforehand."""
        return {}

    @property
    def multi_label(self) -> bool:
        """An image shows one place."""
        return False

    def samples(self, root: Path) -> list[Sample]:
        """Every row of the manifest, sorted by id.

        Args:
            root: a folder with `places.csv`, or the manifest itself under any name.

        Raises:
            DatasetError: if there is no manifest, a column is missing, a row is malformed, or an image is listed twice, outside
                the manifest's folder or not there.
        """
        manifest = root / MANIFEST if root.is_dir() else root
        if not manifest.is_file():
            raise DatasetError(f"there is no manifest {manifest}; it is a csv with the columns {', '.join(_COLUMNS)}")
        samples: dict[str, Sample] = {}
        for line, row in _read_rows(manifest):
            sample = _sample(row, manifest.parent.resolve(), where=f"line {line} of {manifest}")
            if sample.id in samples:
                raise DatasetError(f"line {line} of {manifest} lists {sample.id!r} a second time")
            samples[sample.id] = sample
        if not samples:
            raise DatasetError(f"the manifest {manifest} lists no image")
        return [samples[key] for key in sorted(samples)]


def _read_rows(manifest: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise DatasetError(f"the manifest {manifest} lacks the columns {', '.join(missing)}")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise DatasetError(f"cannot read the manifest {manifest}: {exc}") from exc


def _sample(row: Mapping[str, str], folder: Path, *, where: str) -> Sample:
    relative = PurePosixPath(row["path"].strip())
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder):
        raise DatasetError(f"{where}: the path {str(relative)!r} leads out of {folder}")
    if not path.is_file():
        raise DatasetError(f"{where}: there is no image {path}")
    place = row["place"].strip()
    if not place:
        raise DatasetError(f"{where}: the place of {str(relative)!r} is empty")
    try:
        properties: dict[str, float] = {"year": int(row["year"])}
        if any(row[side].strip() for side in _BOX):
            properties |= {side: float(row[side]) for side in _BOX}
    except ValueError as exc:
        raise DatasetError(f"{where}: year must be a whole number and the box four numbers or empty: {exc}") from exc
    if "minx" in properties and not _is_box(*(properties[side] for side in _BOX)):
        raise DatasetError(f"{where}: the box must have minx < maxx and miny < maxy, got {[row[side] for side in _BOX]}")
    return Sample(id=path.relative_to(folder).as_posix(), path=str(path), labels=(place,), properties=properties)


def _is_box(minx: float, miny: float, maxx: float, maxy: float) -> bool:
    return all(map(math.isfinite, (minx, miny, maxx, maxy))) and minx < maxx and miny < maxy


PLACES = Places(
    name="places",
    title="Places at several times (manifest)",
    facts=Facts(
        images=None,
        pixels="any",
        gsd="any",
        bands=(),
        licence="that of the images",
        citation="Yun et al., Coarse-to-fine deep metric learning for image retrieval, Remote Sensing 12(2), 2020",
    ),
)
