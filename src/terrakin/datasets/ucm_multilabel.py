"""UCM multi-label: the images of UC Merced Land Use with 1 to 7 of 17 labels each.

A second set of labels for the same images exists (DLRSD). It is not identical; samples say which file theirs came from.
"""

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from terrakin.datasets.dataset import CountWarning, Facts, Sample
from terrakin.datasets.folders import MAX_DEPTH, find_folders
from terrakin.datasets.ucm import UCM
from terrakin.errors import DatasetError

__all__ = ["LABELS_FILE", "UCM_MULTILABEL", "UcmMultilabel"]

LABELS_FILE = "LandUse_Multilabeled.txt"
"""Tab-separated: `IMAGE\\LABEL` and 17 label names, then a row an image: its name without extension, and 0 or 1 a label."""


@dataclass(frozen=True, slots=True)
class UcmMultilabel:
    """UC Merced Land Use with the labels of Chaudhuri et al."""

    name: str
    """Name in the registry."""
    title: str
    """Name as published."""
    classes: tuple[str, ...]
    """Label names in the order of the published file."""
    facts: Facts
    """What a person wants to know before using it."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Empty: labels overlap."""
        return {}

    @property
    def multi_label(self) -> bool:
        """An image has one label or more."""
        return True

    def samples(self, root: Path) -> list[Sample]:
        """Every image of UC Merced under `root` with its labels, sorted by id.

        `root` holds both the class folders of UC Merced and `LandUse_Multilabeled.txt`, down to six levels below it.

        Warns:
            CountWarning: if images per class differ from the published ones, or labelled images are not there.

        Raises:
            DatasetError: if there is no labels file or more than one, its text is malformed, a row has no label, or an image
                has no row.
        """
        path = self._find_labels(root)
        labels = dict(self._read_rows(path))
        images = UCM.samples(root)
        unlabelled = [image.id for image in images if Path(image.id).stem not in labels]
        if unlabelled:
            raise DatasetError(f"{path} has no row for {len(unlabelled)} images, {unlabelled[0]!r} for one")
        if len(labels) > len(images):
            message = f"{path} labels {len(labels)} images, and {len(images)} of them are under {root}"
            warnings.warn(message, CountWarning, stacklevel=2)
        return [
            Sample(
                id=image.id,
                path=image.path,
                labels=labels[Path(image.id).stem],
                split=image.split,
                properties={"labels_from": path.name},
            )
            for image in images
        ]

    def _find_labels(self, root: Path) -> Path:
        folders = find_folders(root, lambda folder: (folder / LABELS_FILE).is_file())
        if len(folders) != 1:
            found = f"it is in {', '.join(map(str, folders))}" if folders else f"it is nowhere down to {MAX_DEPTH} levels"
            raise DatasetError(f"{root} is not {self.title}: it must hold one {LABELS_FILE}, and {found}")
        return folders[0] / LABELS_FILE

    def _read_rows(self, path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Image name without extension and sorted labels, a row at a time."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise DatasetError(f"cannot read the labels file {path}: {exc}") from exc
        columns = [_hyphenated(name) for name in lines[0].rstrip().split("\t")[1:]] if lines else []
        if sorted(columns) != sorted(self.classes):
            raise DatasetError(f"the first line of {path} must name the labels {', '.join(self.classes)}; it has {columns}")
        seen = set()
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            image, *cells = line.rstrip().split("\t")
            if len(cells) != len(columns) or not set(cells) <= {"0", "1"}:
                raise DatasetError(f"line {number} of {path} must be an image and {len(columns)} times 0 or 1, got {line!r}")
            if image in seen:
                raise DatasetError(f"line {number} of {path} labels {image!r} a second time")
            seen.add(image)
            labels = tuple(sorted(name for name, cell in zip(columns, cells, strict=True) if cell == "1"))
            if not labels:
                raise DatasetError(f"line {number} of {path} gives {image!r} no label")
            yield image, labels


def _hyphenated(name: str) -> str:
    # Copies spell "bare soil", "bare-soil" and "bare_soil".
    return re.sub(r"[ _-]+", "-", name.strip().lower())


UCM_MULTILABEL = UcmMultilabel(
    name="ucm-multilabel",
    title="UC Merced Land Use (17 labels)",
    classes=(
        "airplane",
        "bare-soil",
        "buildings",
        "cars",
        "chaparral",
        "court",
        "dock",
        "field",
        "grass",
        "mobile-home",
        "pavement",
        "sand",
        "sea",
        "ship",
        "tanks",
        "trees",
        "water",
    ),
    facts=Facts(
        images=UCM.facts.images,
        pixels=UCM.facts.pixels,
        gsd=UCM.facts.gsd,
        bands=UCM.facts.bands,
        licence=f"{UCM.facts.licence}; labels: research use",
        citation="Chaudhuri et al., Multilabel remote sensing image retrieval using graph theory, IEEE TGRS 56(2), 2018",
    ),
)
