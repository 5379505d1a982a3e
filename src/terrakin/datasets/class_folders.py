"""Data sets laid out as one folder a class."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from terrakin.datasets.class_names import match_class
from terrakin.datasets.dataset import CountWarning, Facts, Sample
from terrakin.datasets.folders import MAX_DEPTH, find_folders, subfolders
from terrakin.datasets.splits import read_splits
from terrakin.errors import DatasetError

__all__ = ["IMAGE_SUFFIXES", "ClassFolders"]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
"""Accepted in any case."""


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """A data set whose class is the name of the folder.

    File names are not used for the class: their prefixes differ in case and separators between copies.
    """

    name: str
    """Name in the registry."""
    title: str
    """Name as published."""
    counts: Mapping[str, int]
    """Folder name to published number of images, in the fixed order of the class index."""
    facts: Facts
    """What a person wants to know before using it."""
    suffixes: tuple[str, ...] = IMAGE_SUFFIXES
    """File name endings of its images, in lower case."""
    lettered: bool = False
    """Folder names carry a leading letter that orders them."""
    split_lists: str | None = None
    """Start of the names of published split lists: `eurosat` for `eurosat-train.txt` and its two companions."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Folder names in the fixed order of the class index; never the order of a directory listing."""
        return tuple(self.counts)

    @property
    def multi_label(self) -> bool:
        """A folder is one class."""
        return False

    def samples(self, root: Path) -> list[Sample]:
        """Every image under the class folders of `root`, sorted by id.

        `root` may be the folder of the class folders or one up to six levels above it, as the archives unpack. Ids are
        relative to the folder of the class folders, so that both give the same.

        Warns:
            CountWarning: if images per class differ from the published ones, or a split list names absent images.

        Raises:
            DatasetError: if there are no class folders, more than one set of them, an unknown folder or no image.
        """
        home = self._find_home(root)
        classes = self._classes_of(home)
        found = [
            Sample(id=f"{folder.name}/{path.name}", path=str(path), labels=(label,))
            for folder, label in classes.items()
            for path in self._images(folder)
        ]
        if not found:
            raise DatasetError(f"the class folders of {self.title} in {home} hold no image ({' '.join(self.suffixes)})")
        self._compare_counts(home, found)
        if self.split_lists:
            splits = read_splits(self.split_lists, [sample.id for sample in found], folders=_way(root, home))
            found = [replace(sample, split=splits.get(sample.id)) for sample in found]
        return sorted(found, key=lambda sample: sample.id)

    def _find_home(self, root: Path) -> Path:
        """The one folder whose subfolders are mostly classes."""
        homes = find_folders(root, self._is_home)
        if not homes:
            known = ", ".join(self.classes[:3])
            raise DatasetError(
                f"{root} is not {self.title}: no folder in it, down to {MAX_DEPTH} levels, holds its class folders "
                f"({known}, ...). Give the folder that the published archive unpacks to"
            )
        if len(homes) > 1:
            listed = ", ".join(map(str, homes))
            raise DatasetError(f"{root} holds class folders of {self.title} in {len(homes)} places: {listed}. Give one of them")
        return homes[0].resolve()

    def _is_home(self, folder: Path) -> bool:
        names = [child.name for child in subfolders(folder)]
        return 2 * sum(self._class_of(name) is not None for name in names) > len(names)

    def _classes_of(self, home: Path) -> dict[Path, str]:
        folders = {folder: self._class_of(folder.name) for folder in subfolders(home)}
        unknown = sorted(folder.name for folder, label in folders.items() if label is None)
        if unknown:
            raise DatasetError(
                f"{home} is not {self.title}: it has no class {', '.join(map(repr, unknown))}. Its {len(self.classes)} classes "
                f"are {', '.join(self.classes)}. Move other folders out, or choose another data set"
            )
        return {folder: label for folder, label in folders.items() if label is not None}

    def _class_of(self, folder: str) -> str | None:
        return match_class(folder, self.classes, lettered=self.lettered)

    def _images(self, folder: Path) -> list[Path]:
        # Thumbs.db and desktop.ini fall out by their suffix.
        files = (path for path in folder.iterdir() if path.suffix.lower() in self.suffixes and path.is_file())
        return [path for path in files if not path.name.startswith(".")]

    def _compare_counts(self, home: Path, found: Sequence[Sample]) -> None:
        here = Counter(sample.labels[0] for sample in found)
        different = [
            f"{label} {here[label]} instead of {wanted}" for label, wanted in self.counts.items() if here[label] != wanted
        ]
        if different:
            message = f"{home} differs from the published {self.title} in images per class: {', '.join(different)}"
            warnings.warn(message, CountWarning, stacklevel=3)


def _way(root: Path, home: Path) -> list[Path]:
    """The folders from `root` down to `home`, both included."""
    above = [folder for folder in home.parents if folder.is_relative_to(root.resolve())]
    return [*reversed(above), home]
