"""A benchmark data set: labelled images in a published layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

__all__ = ["Dataset", "Sample"]


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


class Dataset(Protocol):
    """A reader of one published layout."""

    name: str
    """Name in the registry."""
    title: str
    """Name as published."""
    classes: Sequence[str]
    """Folder or label names in the fixed order of the class index."""
    multi_label: bool
    """True where a sample carries a set of labels."""
    facts: Mapping[str, str]
    """For people: images, pixels, gsd, bands, licence, citation."""

    def samples(self, root: Path) -> list[Sample]:
        """Every sample under `root`, sorted by id; warns of counts that differ from the published ones.

        Raises:
            DatasetError: if `root` does not hold this layout, naming what is missing or unknown and where it looked.
        """
