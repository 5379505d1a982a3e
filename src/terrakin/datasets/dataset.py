"""A benchmark data set: labelled images in a published layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from terrakin.registry import Registry

__all__ = ["DATASETS", "CountWarning", "Dataset", "Facts", "Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image of a data set."""

    id: str
    """Path relative to the data set's root, with `/`."""
    path: str
    """Absolute path of the image file, or of the folder that holds its bands."""
    labels: tuple[str, ...]
    """Its class, or its sorted labels."""
    split: str | None = None
    """`train`, `val` or `test` where the data set comes with an official split."""
    properties: Mapping[str, str | float | bool] = field(default_factory=dict)
    """Place, year and the like, where the data set has them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person wants to know before using a data set."""

    images: int | None
    """Published number of images; none where the layout has no fixed one."""
    pixels: str
    """Width and height, as published."""
    gsd: str
    """Metres per pixel, as published."""
    bands: tuple[str, ...]
    """Band names in the order of the files; empty where the layout fixes none."""
    licence: str
    """What is known of the licence, with its doubts."""
    citation: str
    """The publication to cite."""


class Dataset(Protocol):
    """A reader of one published layout."""

    @property
    def name(self) -> str:
        """Name in the registry."""

    @property
    def title(self) -> str:
        """Name as published."""

    @property
    def classes(self) -> Sequence[str]:
        """Folder or label names in the fixed order of the class index; empty where the layout has no fixed classes."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Published images per class, in the order of `classes`; empty where labels overlap or none are published."""

    @property
    def multi_label(self) -> bool:
        """True where a sample carries a set of labels."""

    @property
    def facts(self) -> Facts:
        """What a person wants to know before using it."""

    def samples(self, root: Path) -> list[Sample]:
        """Every sample under `root`, sorted by id (as text: `a_10` before `a_2`).

        Warns:
            CountWarning: if counts differ from the published ones, with both numbers.

        Raises:
            DatasetError: if `root` does not hold this layout, naming what is missing or unknown and where it looked.
        """


class CountWarning(UserWarning):
    """A copy of a data set holds more or fewer images than were published."""


DATASETS = Registry[Dataset](
    "datasets",
    {
        "aid": "terrakin.datasets.aid:AID",
        "bigearthnet": "terrakin.datasets.bigearthnet:BIGEARTHNET",
        "bigearthnet-19": "terrakin.datasets.bigearthnet:BIGEARTHNET_19",
        "eurosat": "terrakin.datasets.eurosat:EUROSAT",
        "eurosat-allbands": "terrakin.datasets.eurosat:EUROSAT_ALL_BANDS",
        "nwpu-resisc45": "terrakin.datasets.nwpu_resisc45:NWPU_RESISC45",
        "patternnet": "terrakin.datasets.patternnet:PATTERNNET",
        "places": "terrakin.datasets.places:PLACES",
        "rsscn7": "terrakin.datasets.rsscn7:RSSCN7",
        "ucm": "terrakin.datasets.ucm:UCM",
        "ucm-multilabel": "terrakin.datasets.ucm_multilabel:UCM_MULTILABEL",
        "whu-rs19": "terrakin.datasets.whu_rs19:WHU_RS19",
    },
)
