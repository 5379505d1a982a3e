"""From a path to the scenes there: finding them on disk, and opening one."""

import os.path
from collections.abc import Iterator
from pathlib import Path

from terrakin.errors import SourceError
from terrakin.scenes.classes import is_class_folders
from terrakin.scenes.elsewhere import assets_elsewhere
from terrakin.scenes.offer import list_file, offer
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate, Scene, Skipped
from terrakin.scenes.source import SOURCES, Listing, in_turn
from terrakin.scenes.walk import stat_files, walk

__all__ = ["SourceOptions", "find", "open_scene"]


def find(path: Path, *, options: SourceOptions | None = None) -> Iterator[Candidate | Skipped]:
    """The scenes at a path, sorted by folder, and what is skipped there and why.

    A folder is walked with everything below it; hidden files and what operating systems leave are passed by, and so are the
    files beside imagery (`.xml`, `.txt`, ...) and documents. No pixel file is opened, only its size and time are asked for.

    Args:
        path: a folder, an image or raster, a STAC item, or a table (CSV or Parquet).
        options: where labels and dates come from.

    Raises:
        SourceError: if there is nothing at that path, or a table cannot be read.
    """
    chosen = options or SourceOptions()
    root = Path(os.path.abspath(path)).as_posix()  # noqa: PTH100  # `resolve` would follow links and change what people see
    if Path(root).is_dir():
        return _in_folder(root, chosen)
    if not os.path.lexists(root):
        raise SourceError(f"there is nothing at {str(path)!r}; name a folder, an image, a STAC item or a table that exists")
    return _file(root, chosen)


def open_scene(candidate: Candidate) -> Scene:
    """Open a candidate: read the headers of its files, and all their bytes for the fingerprint, but decode no pixel.

    Raises:
        SceneError: if a file is missing, broken, too large to decode, or does not fit the others.
    """
    return SOURCES[candidate.source].open(candidate)


def _in_folder(root: str, options: SourceOptions) -> Iterator[Candidate | Skipped]:
    sources = tuple(in_turn())
    class_folders = options.labels == "auto" and is_class_folders(root)
    elsewhere = assets_elsewhere(root)
    for folder in walk(root):
        if isinstance(folder, Skipped):
            yield folder
            continue
        names = folder.names
        if elsewhere:
            names = tuple(name for name in names if f"{folder.path}/{name}" not in elsewhere)
        stats, skipped = stat_files(folder.path, names)
        yield from skipped
        yield from offer(Listing(root, folder.path, folder.prefix, stats, options, class_folders), sources)


def _file(path: str, options: SourceOptions) -> Iterator[Candidate | Skipped]:
    listing, skipped = list_file(path, root=path.rpartition("/")[0], options=options)
    yield from skipped
    if listing is None:
        return
    nothing = True
    for found in offer(listing, tuple(in_turn())):
        nothing = False
        yield found
    if nothing:
        yield Skipped(path, "is no imagery, STAC item or table; for a STAC catalogue name the folder that holds its items")
