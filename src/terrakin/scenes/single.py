"""Scenes that are one file each."""

from collections.abc import Iterable, Iterator

from terrakin.scenes.columns import folder_labels, name_date
from terrakin.scenes.formats import is_picture
from terrakin.scenes.scene import Candidate, Scene, Skipped
from terrakin.scenes.source import SOURCES, Listing
from terrakin.scenes.stamp import stamp

__all__ = ["EMPTY", "open_single", "single_files"]

EMPTY = "is empty"
"""Why a file of no bytes is skipped."""


def single_files(
    listing: Listing, files: Iterable[tuple[str, tuple[str, ...]]], *, source: str
) -> Iterator[Candidate | Skipped]:
    """A candidate for each file, or that it is empty.

    Args:
        listing: of the folder.
        files: name of each file, and names of the files beside it that tell of its geography and mask.
        source: name of the source that opens them.
    """
    labels = folder_labels(listing)
    known = {"labels": labels} if labels else None
    for name, beside in files:
        path = listing.path(name)
        stat = listing.files[name]
        if stat[0] == 0:
            yield Skipped(path, EMPTY)
            continue
        yield Candidate(
            uri=path,
            key=listing.key(name),
            source=source,
            files=(path, *map(listing.path, beside)),
            stamp=stamp([stat, *(listing.files[other] for other in beside)], listing.options, known),
            labels=labels,
            datetime=name_date(name, listing.options),
            options=listing.options,
        )


def open_single(candidate: Candidate) -> Scene:
    """Open a candidate of one file, as a picture or as a raster.

    Raises:
        SceneError: if that fails.
    """
    plain = is_picture(candidate.files[0]) and len(candidate.files) == 1
    return SOURCES["image" if plain else "raster"].open(candidate)
