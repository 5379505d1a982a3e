"""BigEarthNet v1: 590326 Sentinel-2 patches, each a folder of one file a band, with 43 or 19 labels.

Version 2 (reBEN) has other labels, names and splits; it is not read here.
"""

import csv
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from terrakin.datasets.bigearthnet_labels import LABELS_19, LABELS_43, to_19
from terrakin.datasets.dataset import CountWarning, Facts, Sample
from terrakin.datasets.folders import MAX_DEPTH, find_folders, subfolders
from terrakin.datasets.splits import SPLITS
from terrakin.errors import DatasetError

__all__ = ["BANDS", "BIGEARTHNET", "BIGEARTHNET_19", "STATISTICS", "BigEarthNet"]

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
"""Band order by wavelength; sorting the file names would put B8A last. B10 does not exist at Level-2A."""

STATISTICS: Mapping[str, tuple[float, float]] = {
    "B01": (340.76769064, 554.81258967),
    "B02": (429.9430203, 572.41639287),
    "B03": (614.21682446, 582.87945694),
    "B04": (590.23569706, 675.88746967),
    "B05": (950.68368468, 729.89827633),
    "B06": (1792.46290469, 1096.01480586),
    "B07": (2075.46795189, 1273.45393088),
    "B08": (2218.94553375, 1365.45589904),
    "B8A": (2266.46036911, 1356.13789355),
    "B09": (2246.0605464, 1302.3292881),
    "B11": (1594.42694882, 1079.19066363),
    "B12": (1009.32729131, 818.86747235),
}
"""Mean and standard deviation of each band over the archive, of stored values, reflectance x 10000.

As the authors' public code has them (Sumbul et al., BigEarthNet: a large-scale benchmark archive, IGARSS 2019).
"""

# The time has five or six digits: a leading zero is lost in some names.
_PATCH_NAME = re.compile(r"S2[AB]_MSIL2A_\d{8}T\d{5,6}_\d{1,2}_\d{1,2}")
_SNOW_LIST = "*seasonal_snow*.csv"
_CLOUD_LIST = "*cloud_and_shadow*.csv"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BigEarthNet:
    """BigEarthNet v1 with one of its two sets of labels.

    Where the published lists lie in the root, they are followed: patches of `*seasonal_snow*.csv` and `*cloud_and_shadow*.csv`
    are left out, and `*train.csv`, `*val.csv` and `*test.csv` give the splits. A patch that keeps no label is left out too.
    """

    name: str
    """Name in the registry."""
    title: str
    """Name as published."""
    classes: tuple[str, ...]
    """Label names in the fixed order of the class index."""
    relabel: Callable[[Iterable[str]], tuple[str, ...]]
    """From labels of the 43 to sorted labels of `classes`; a name that is none of the 43 is a KeyError."""
    facts: Facts
    """What a person wants to know before using it."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Empty: labels overlap."""
        return {}

    @property
    def multi_label(self) -> bool:
        """A patch has one label or more."""
        return True

    def samples(self, root: Path) -> list[Sample]:
        """Every patch under `root` that the lists do not exclude, sorted by id.

        `root` may be the folder of the patches or one up to six levels above it. A sample's path is the patch's folder.

        Warns:
            CountWarning: if the number of patches differs from the published one.

        Raises:
            DatasetError: if there are no patches or patches in several folders, or a patch or list is incomplete or broken.
        """
        home = self._find_home(root)
        patches = [folder for folder in subfolders(home) if _PATCH_NAME.fullmatch(folder.name)]
        if len(patches) != self.facts.images:
            message = f"{home} holds {len(patches)} patches instead of the {self.facts.images} of the published {self.title}"
            warnings.warn(message, CountWarning, stacklevel=2)
        snow, cloud = _read_names(root, _SNOW_LIST), _read_names(root, _CLOUD_LIST)
        read = [self._sample(folder) for folder in patches if folder.name not in snow and folder.name not in cloud]
        labelled = [sample for sample in read if sample.labels]
        _log.info(
            "%s: of %d patches %d are in the lists of snow and cloud, and %d have none of the %d labels",
            *(home, len(patches), len(patches) - len(read), len(read) - len(labelled), len(self.classes)),
        )
        splits = {name: split for split in SPLITS for name in _read_names(root, f"*{split}.csv")}
        return [replace(sample, split=splits.get(sample.id)) for sample in sorted(labelled, key=lambda sample: sample.id)]

    def _find_home(self, root: Path) -> Path:
        homes = find_folders(root, lambda folder: any(_PATCH_NAME.fullmatch(child.name) for child in subfolders(folder)))
        if not homes:
            raise DatasetError(
                f"{root} is not {self.title}: no folder in it, down to {MAX_DEPTH} levels, holds Sentinel-2 patches "
                "(folders such as S2A_MSIL2A_20170613T101031_0_45). Give the folder that the published archive unpacks to"
            )
        if len(homes) > 1:
            raise DatasetError(f"{root} holds patches in {len(homes)} places: {', '.join(map(str, homes))}. Give one of them")
        return homes[0].resolve()

    def _sample(self, folder: Path) -> Sample:
        present = {path.name for path in folder.iterdir()}
        wanted = [f"{folder.name}_labels_metadata.json", *(f"{folder.name}_{band}.tif" for band in BANDS)]
        missing = [name for name in wanted if name not in present]
        if missing:
            raise DatasetError(f"the patch {folder} lacks {', '.join(missing)}; unpack the archive again")
        path = folder / wanted[0]
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            labels = self.relabel(content["labels"])
            properties = {"acquired": str(content["acquisition_date"]), "tile": str(content["tile_source"])}
        except KeyError as exc:
            raise DatasetError(f"{path} lacks a key or has a label that is none of the 43: {exc}") from exc
        except (OSError, ValueError, TypeError) as exc:
            raise DatasetError(f"{path} is not the labels file of a patch: {exc}") from exc
        return Sample(id=folder.name, path=str(folder), labels=labels, properties=properties)


def _read_names(root: Path, pattern: str) -> set[str]:
    """Patch names of the first column of the lists in `root`."""
    names: set[str] = set()
    for path in sorted(root.glob(pattern)):
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if row]
        except (OSError, ValueError, csv.Error) as exc:
            raise DatasetError(f"cannot read the list {path}: {exc}") from exc
        for number, row in enumerate(rows, start=1):
            if not _PATCH_NAME.fullmatch(row[0]):
                raise DatasetError(f"row {number} of {path} begins with {row[0]!r}, which is no patch name")
            names.add(row[0])
    return names


def _to_43(labels: Iterable[str]) -> tuple[str, ...]:
    known = dict(zip(LABELS_43, LABELS_43, strict=True))
    return tuple(sorted({known[label] for label in labels}))


_FACTS = Facts(
    images=590326,
    pixels="120 x 120, 60 x 60, 20 x 20",
    gsd="10, 20, 60",
    bands=BANDS,
    licence="CDLA-Permissive-1.0",
    citation="Sumbul et al., BigEarthNet: a large-scale benchmark archive for remote sensing image understanding, IGARSS 2019",
)

BIGEARTHNET = BigEarthNet(
    name="bigearthnet", title="BigEarthNet v1 (43 labels)", classes=LABELS_43, relabel=_to_43, facts=_FACTS
)
BIGEARTHNET_19 = BigEarthNet(
    name="bigearthnet-19", title="BigEarthNet v1 (19 labels)", classes=LABELS_19, relabel=to_19, facts=_FACTS
)
